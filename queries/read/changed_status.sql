-- changed_status: how many days' status differs from the published status, and how many became complete.
-- Grain:   one row.
-- Reads:   whole_day, kpi.day_status.
SELECT
  COUNT(*) AS days,
  COALESCE(SUM(CASE WHEN w.complete = 1 AND COALESCE(s.complete, 0) = 0 THEN 1 ELSE 0 END), 0) AS completed
FROM whole_day AS w
LEFT JOIN kpi.day_status AS s ON s.day = w.day AND s.type = '(all)'
WHERE s.day IS NULL OR s.loaded <> w.loaded OR s.complete <> w.complete
