-- stale_activity: same-people rows that a changed day could have touched are gone; month_activity fills
-- them again with every other day that lacks them.
-- Params:  first_day, last_day (UTC dates, both included), first_loaded_day, last_loaded_day.
-- Rerun:   safe.
DELETE FROM kpi.month_activity
WHERE (day >= :first_day AND day <= :last_day) OR day < :first_loaded_day OR day > :last_loaded_day;
