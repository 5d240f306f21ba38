-- loaded_days: the first and last loaded day of the publication being made.
SELECT MIN(day) AS first_day, MAX(day) AS last_day
FROM kpi.day_status
WHERE type = '(all)' AND loaded = 1
