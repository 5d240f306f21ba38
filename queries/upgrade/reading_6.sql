-- reading_6: a publication before version 6, read as it is: its changes as moves between set 0 and a set, and
--            a day that never comes from which people are followed from set to set.
-- Reads:   published.monthly_users_change, of the file that is attached as `published`.
-- Note:    of the folder of files only.
CREATE VIEW kpi.monthly_move AS
SELECT
  audience,
  day,
  CASE WHEN change < 0 THEN set_id ELSE 0 END AS from_set,
  CASE WHEN change < 0 THEN 0 ELSE set_id END AS to_set,
  ABS(change) AS users
FROM published.monthly_users_change;

CREATE TABLE kpi.followed_from AS
SELECT DATE '9999-01-01' AS first_day;
