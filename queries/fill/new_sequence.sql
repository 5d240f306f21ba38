-- new_sequence: flows that created an account; their events are a new user's, whichever file brought
-- them. The days of such a flow change together.
-- Grain:   one row per seq_id; a working table of one run.
-- Reads:   events.event, events.attempt, changed_day.
-- Params:  frozen_before (days before it can't be refilled).
-- Note:    events that know by themselves (new_user 0 or 1) are passed over.
-- Source:  specification, "Data Capture and Storage" (newUser).
DROP TABLE IF EXISTS new_sequence;

CREATE TEMPORARY TABLE new_sequence AS
SELECT DISTINCT seq_id
FROM events.event
WHERE type = 'account.created' AND new_user IS NULL AND seq_id <> '';

INSERT INTO changed_day (day)
SELECT DISTINCT DATE '1970-01-01' + CAST(FLOOR(e."timestamp" / 86400000.0) AS INTEGER)
FROM events.event AS e
INNER JOIN (
  SELECT n.seq_id
  FROM events.event AS n
  INNER JOIN changed_day AS c
    ON c.day = DATE '1970-01-01' + CAST(FLOOR(n."timestamp" / 86400000.0) AS INTEGER)
  WHERE n.type = 'account.created' AND n.new_user IS NULL
  UNION
  SELECT a.seq_id
  FROM events.attempt AS a
  INNER JOIN changed_day AS c ON c.day >= a.first_day AND c.day <= a.last_day
  WHERE a.account_created_ms IS NOT NULL
) AS s ON s.seq_id = e.seq_id
LEFT JOIN changed_day AS c
  ON c.day = DATE '1970-01-01' + CAST(FLOOR(e."timestamp" / 86400000.0) AS INTEGER)
WHERE
  e.new_user IS NULL
  AND c.day IS NULL
  AND DATE '1970-01-01' + CAST(FLOOR(e."timestamp" / 86400000.0) AS INTEGER) >= :frozen_before;

ANALYZE new_sequence;

ANALYZE changed_day;
