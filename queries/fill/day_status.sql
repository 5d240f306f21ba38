-- day_status: for every day from the first to the last, what was loaded and whether it is complete.
-- Grain:   one row per (day, type); type '(all)' is the day as a whole, present for unloaded days too.
-- Reads:   whole_day.
-- Rerun:   safe; the rows of whole days are made anew.
DELETE FROM kpi.day_status WHERE type = '(all)';

INSERT INTO kpi.day_status (day, type, events, loaded, complete, warnings)
SELECT day, '(all)', events, loaded, complete, NULL
FROM whole_day
ORDER BY day;

ANALYZE kpi.day_status;
