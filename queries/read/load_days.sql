-- load_days: the loads that brought a day's events, and the file of each.
-- Grain:   one row per (day, load_id).
SELECT k.day, k.load_id, k.events, m.source
FROM kpi.load_day AS k
LEFT JOIN kpi.load_manifest AS m ON m.load_id = k.load_id
ORDER BY k.day, k.load_id
