-- loaded_day: the days that count as loaded once this run is published; counted_day: those of them that
-- changed; whole_day: every day from the first to the last loaded, with its status.
-- Grain:   one row per day each; working tables of one run.
-- Reads:   judged_day, changed_day, present_load_day, kpi.day_status, kpi.load_day, events.load.
-- Params:  frozen_before, min_day_percent, now (UTC), now_seconds (the same since 1970),
--          complete_after_seconds (after a day's UTC end).
-- Note:    days that this run leaves to another keep the status they were published with.
--          A day is complete when it was loaded after its end, and so much time has passed since. Only
--          loads count for this that bring at least so many percent of what the day's largest load
--          brought: a straggler in the next day's file doesn't make half a day complete.
-- Source:  design, section 3 (loaded day, today).
DROP TABLE IF EXISTS counted_day;

CREATE TEMPORARY TABLE counted_day AS
SELECT j.day
FROM judged_day AS j
INNER JOIN changed_day AS c ON c.day = j.day
WHERE j.loaded = 1;

DROP TABLE IF EXISTS loaded_day;

CREATE TEMPORARY TABLE loaded_day AS
SELECT day
FROM counted_day
UNION
SELECT s.day
FROM kpi.day_status AS s
LEFT JOIN changed_day AS c ON c.day = s.day
WHERE s.type = '(all)' AND s.loaded = 1 AND c.day IS NULL;

DROP TABLE IF EXISTS whole_day;

CREATE TEMPORARY TABLE whole_day AS
WITH digit AS (
  SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
  UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9
),
bounds AS (
  SELECT MIN(day) AS first_day, MAX(day) AS last_day
  FROM loaded_day
),
every_day AS (
  SELECT b.first_day + CAST(a.n + 10 * c.n + 100 * d.n + 1000 * e.n AS INTEGER) AS day
  FROM bounds AS b
  CROSS JOIN digit AS a
  CROSS JOIN digit AS c
  CROSS JOIN digit AS d
  CROSS JOIN digit AS e
  WHERE b.first_day + CAST(a.n + 10 * c.n + 100 * d.n + 1000 * e.n AS INTEGER) <= b.last_day
),
volume AS (
  SELECT p.day, p.load_id, p.events
  FROM present_load_day AS p
  INNER JOIN changed_day AS c ON c.day = p.day
  UNION ALL
  SELECT k.day, k.load_id, k.events
  FROM kpi.load_day AS k
  LEFT JOIN changed_day AS c ON c.day = k.day
  WHERE c.day IS NULL
),
day_volume AS (
  SELECT day, CAST(SUM(events) AS BIGINT) AS events, MAX(events) AS largest_load
  FROM volume
  GROUP BY day
),
last_load AS (
  SELECT v.day, MAX(COALESCE(l.loaded_at, :now)) AS loaded_at
  FROM volume AS v
  INNER JOIN day_volume AS d ON d.day = v.day
  LEFT JOIN events.load AS l ON l.load_id = v.load_id
  WHERE v.events * 100 >= :min_day_percent * d.largest_load
  GROUP BY v.day
)
SELECT
  y.day,
  COALESCE(d.events, 0) AS events,
  CASE WHEN x.day IS NULL THEN 0 ELSE 1 END AS loaded,
  CASE
    WHEN x.day IS NULL THEN 0
    WHEN y.day < :frozen_before AND s.complete = 1 THEN 1
    WHEN
      EXTRACT(EPOCH FROM l.loaded_at) >= CAST(y.day + 1 - DATE '1970-01-01' AS BIGINT) * 86400
      AND :now_seconds
        >= CAST(y.day + 1 - DATE '1970-01-01' AS BIGINT) * 86400 + :complete_after_seconds THEN 1
    ELSE 0
  END AS complete
FROM every_day AS y
LEFT JOIN loaded_day AS x ON x.day = y.day
LEFT JOIN day_volume AS d ON d.day = y.day
LEFT JOIN last_load AS l ON l.day = y.day
LEFT JOIN kpi.day_status AS s ON s.day = y.day AND s.type = '(all)';
