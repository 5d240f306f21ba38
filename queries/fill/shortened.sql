-- shortened: removes days after the last loaded day, should loads at the end have been removed.
-- Params:  last_day (the last loaded day), first_loaded_day.
DELETE FROM kpi.daily_users WHERE day > :last_day OR day < :first_loaded_day;

DELETE FROM kpi.monthly_users_change WHERE day > :last_day OR day < :first_loaded_day;

DELETE FROM kpi.monthly_move WHERE day > :last_day OR day < :first_loaded_day;

