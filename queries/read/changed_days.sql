-- changed_days: the first and last changed day, their number, and the events on them now; and the first
-- and last of those that count for users: loaded now, loaded before, or of a run that was cut off. Beside
-- them the last day that was loaded when the newest publication was made.
-- Grain:   one row.
-- Reads:   changed_day, judged_day, kpi.day_status, events.unpublished_day.
SELECT
  MIN(c.day) AS first_day,
  MAX(c.day) AS last_day,
  COUNT(*) AS days,
  COALESCE(SUM(j.events), 0) AS events,
  MIN(CASE WHEN j.loaded = 1 OR s.loaded = 1 OR u.day IS NOT NULL THEN c.day END) AS first_counted,
  MAX(CASE WHEN j.loaded = 1 OR s.loaded = 1 OR u.day IS NOT NULL THEN c.day END) AS last_counted,
  (SELECT MAX(day) FROM kpi.day_status WHERE type = '(all)' AND loaded = 1) AS last_before
FROM changed_day AS c
LEFT JOIN judged_day AS j ON j.day = c.day
LEFT JOIN kpi.day_status AS s ON s.day = c.day AND s.type = '(all)'
LEFT JOIN events.unpublished_day AS u ON u.day = c.day
