-- day_status: for every day from the first to the last, what was loaded and whether it is complete.
-- Grain:   one row per (day, type); type '(all)' is the day as a whole, present for unloaded days too.
-- Reads:   events.event, changed_day, present_load_day, kpi.load_day, events.load.
-- Params:  now, complete_after_seconds (after a day's UTC end), first_ms, end_ms (bounds of the changed days).
-- Rerun:   safe; the table of whole days is made anew, counts by type are replaced for changed days.
-- Note:    a day is complete when anything of it was loaded long enough after its UTC end.
DELETE FROM kpi.load_day WHERE day IN (SELECT day FROM changed_day);

INSERT INTO kpi.load_day (day, load_id, events)
SELECT p.day, p.load_id, p.events
FROM present_load_day AS p
INNER JOIN changed_day AS c ON c.day = p.day;

DELETE FROM kpi.day_status WHERE type <> '(all)' AND day IN (SELECT day FROM changed_day);

INSERT INTO kpi.day_status (day, type, events, loaded, complete, warnings)
SELECT c.day, e.type, COUNT(*), 1, 0, NULL
FROM events.event AS e
INNER JOIN changed_day AS c
  ON c.day = DATE '1970-01-01' + CAST(FLOOR(e."timestamp" / 86400000.0) AS INTEGER)
WHERE e."timestamp" >= :first_ms AND e."timestamp" < :end_ms
GROUP BY c.day, e.type;

DELETE FROM kpi.day_status WHERE type = '(all)';

INSERT INTO kpi.day_status (day, type, events, loaded, complete, warnings)
WITH digit AS (
  SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
  UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9
),
bounds AS (
  SELECT MIN(day) AS first_day, MAX(day) AS last_day
  FROM kpi.load_day
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
loaded_day AS (
  SELECT
    d.day,
    SUM(d.events) AS events,
    MAX(COALESCE(l.loaded_at, :now)) AS loaded_at
  FROM kpi.load_day AS d
  LEFT JOIN events.load AS l ON l.load_id = d.load_id
  GROUP BY d.day
)
SELECT
  y.day,
  '(all)',
  COALESCE(l.events, 0),
  CASE WHEN l.day IS NULL THEN 0 ELSE 1 END,
  CASE
    WHEN l.day IS NULL THEN 0
    WHEN EXTRACT(EPOCH FROM l.loaded_at)
      >= CAST(y.day + 1 - DATE '1970-01-01' AS BIGINT) * 86400 + :complete_after_seconds THEN 1
    ELSE 0
  END,
  NULL
FROM every_day AS y
LEFT JOIN loaded_day AS l ON l.day = y.day
ORDER BY y.day;

ANALYZE kpi.day_status;
