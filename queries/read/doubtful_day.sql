-- doubtful_day: days whose few events don't make them loaded, in order, with the lines they came in.
-- Grain:   one row per (day, load_id).
-- Reads:   kpi.doubtful_day.
SELECT day, load_id, source, events, first_lines
FROM kpi.doubtful_day
ORDER BY day, load_id
