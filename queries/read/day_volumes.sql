-- day_volumes: events per UTC day and type, for the types with most events, and which days count.
-- Grain:   one row per (day, type) with events; type '(all)' is the day as a whole, on every day.
-- Reads:   kpi.day_status.
-- Params:  most_types (how many types besides '(all)').
-- Note:    a type that isn't here on a day that counts had no event then.
WITH common_type AS (
  SELECT type
  FROM (
    SELECT type, ROW_NUMBER() OVER (ORDER BY SUM(events) DESC, type) AS place
    FROM kpi.day_status
    WHERE type <> '(all)'
    GROUP BY type
  ) AS ranked
  WHERE place <= :most_types
)
SELECT
  d.day,
  d.type,
  d.events,
  d.warnings,
  w.loaded,
  w.complete
FROM kpi.day_status AS d
INNER JOIN kpi.day_status AS w ON w.day = d.day AND w.type = '(all)'
WHERE d.type = '(all)' OR d.type IN (SELECT type FROM common_type)
ORDER BY d.type, d.day
