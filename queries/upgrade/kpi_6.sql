-- kpi_6: version 6 has moves between sets in place of the changes of each set.
-- Note:    a change is carried over as a move between set 0 and the set, so that every monthly count stays what
--          it was. Nobody was followed from set to set, which kpi.followed_from says by a day that never comes;
--          the next summary counts the moves of all days whose events are left. Also run on servers.
CREATE TABLE IF NOT EXISTS kpi.monthly_move (
  audience VARCHAR(16) NOT NULL,
  day DATE NOT NULL,
  from_set INTEGER NOT NULL,
  to_set INTEGER NOT NULL,
  users BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS kpi.followed_from (
  first_day DATE NOT NULL
);

INSERT INTO kpi.monthly_move (audience, day, from_set, to_set, users)
SELECT
  audience,
  day,
  CASE WHEN change < 0 THEN set_id ELSE 0 END,
  CASE WHEN change < 0 THEN 0 ELSE set_id END,
  ABS(change)
FROM kpi.monthly_users_change;

INSERT INTO kpi.followed_from (first_day)
VALUES (DATE '9999-01-01');

DROP TABLE kpi.monthly_users_change;

UPDATE kpi.publication SET schema_version = 6;
