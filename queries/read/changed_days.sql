-- changed_days: the first and last changed day and their number.
SELECT MIN(day) AS first_day, MAX(day) AS last_day, COUNT(*) AS days
FROM changed_day
