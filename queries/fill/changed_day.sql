-- changed_day: the UTC days whose events differ from those the newest publication was made of.
-- Grain:   one row per day; a working table of one run.
-- Reads:   events.event, kpi.load_day, events.unpublished_day (days of a run that was cut off).
-- Params:  frozen_before (days before it are frozen), first_wanted, last_wanted (UTC dates), anew (1: every
--          day is to be made anew, whatever it was made of).
-- Note:    days of a run that was cut off are taken up whatever is wanted: their private tables are made,
--          with segments that were never published.
-- Rerun:   safe; the answer follows from what stands in the tables, never from a queue.
ANALYZE events.event;

DROP TABLE IF EXISTS present_load_day;

CREATE TEMPORARY TABLE present_load_day AS
SELECT
  DATE '1970-01-01' + CAST(FLOOR("timestamp" / 86400000.0) AS INTEGER) AS day,
  COALESCE(load_id, 0) AS load_id,
  COUNT(*) AS events
FROM events.event
GROUP BY
  DATE '1970-01-01' + CAST(FLOOR("timestamp" / 86400000.0) AS INTEGER),
  COALESCE(load_id, 0);

DROP TABLE IF EXISTS changed_day;

CREATE TEMPORARY TABLE changed_day AS
SELECT day
FROM (
  SELECT p.day
  FROM present_load_day AS p
  LEFT JOIN kpi.load_day AS k
    ON k.day = p.day AND k.load_id = p.load_id AND k.events = p.events
  WHERE k.day IS NULL OR :anew = 1
  UNION
  SELECT k.day
  FROM kpi.load_day AS k
  LEFT JOIN present_load_day AS p
    ON p.day = k.day AND p.load_id = k.load_id AND p.events = k.events
  WHERE p.day IS NULL
  UNION
  SELECT day
  FROM events.unpublished_day
) AS differing
WHERE
  day >= :frozen_before
  AND (
    (day >= :first_wanted AND day <= :last_wanted)
    OR day IN (SELECT day FROM events.unpublished_day)
  );

ANALYZE changed_day;
