-- changed_day: the UTC days whose events differ from those the newest publication was made of, or that
-- count as loaded now and didn't then, or the other way round.
-- Grain:   one row per day; a working table of one run.
-- Reads:   present_load_day, judged_day, kpi.load_day, kpi.day_status, events.unpublished_day (days of a
--          run that was cut off).
-- Params:  frozen_before (days before it are frozen), first_wanted, last_wanted (UTC dates), anew (1: every
--          day is to be made anew, whatever it was made of).
-- Note:    days of a run that was cut off are taken up whatever is wanted: their private tables are made,
--          with segments that were never published. A day's neighbours decide with it whether it is loaded.
-- Rerun:   safe; the answer follows from the tables, never from a queue.
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
  SELECT j.day
  FROM judged_day AS j
  LEFT JOIN kpi.day_status AS s ON s.day = j.day AND s.type = '(all)'
  WHERE j.loaded <> COALESCE(s.loaded, 0)
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
