-- days: every UTC day from the first to the last, and whether it counts.
-- Grain:   one row per day.
-- Reads:   kpi.day_status, kpi.day_coverage.
-- Params:  with_incomplete (0 or 1), device_window (days on each of which enough users must have had a
--          device, or 0).
SELECT
  s.day,
  CASE
    WHEN
      s.loaded = 1
      AND (s.complete = 1 OR :with_incomplete = 1)
      AND COALESCE(v.days_since_low_coverage, 999) >= :device_window THEN 1
    ELSE 0
  END AS counted
FROM kpi.day_status AS s
LEFT JOIN kpi.day_coverage AS v ON v.day = s.day
WHERE s.type = '(all)'
ORDER BY s.day
