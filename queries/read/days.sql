-- days: every UTC day from the first to the last, and whether it counts.
-- Grain:   one row per day.
-- Reads:   kpi.day_status.
-- Params:  with_incomplete (0 or 1).
SELECT
  day,
  CASE WHEN loaded = 1 AND (complete = 1 OR :with_incomplete = 1) THEN 1 ELSE 0 END AS counted
FROM kpi.day_status
WHERE type = '(all)'
ORDER BY day
