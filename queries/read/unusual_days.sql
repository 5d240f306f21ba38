-- unusual_days: the recent days marked as unusual, with what is unusual about each type.
-- Grain:   one row per (day, type) marked.
-- Reads:   kpi.day_status.
-- Params:  since (UTC date, included).
SELECT day, type, events, warnings
FROM kpi.day_status
WHERE warnings IS NOT NULL AND day >= :since
ORDER BY day DESC, type
