-- changed_days: the first and last changed day, their number, and the events on them now.
SELECT MIN(c.day) AS first_day, MAX(c.day) AS last_day, COUNT(*) AS days, COALESCE(SUM(p.events), 0) AS events
FROM changed_day AS c
LEFT JOIN (
  SELECT day, SUM(events) AS events
  FROM present_load_day
  GROUP BY day
) AS p ON p.day = c.day
