-- days_without_activity: the days with people over 28 days of which kpi.month_activity holds nothing.
-- Grain:   one row per day, in order.
-- Reads:   kpi.day_status, kpi.monthly_users_change, kpi.month_activity.
-- Params:  first_day, last_day (UTC dates, both included).
-- Source:  design, sections 3 (loaded day) and 4b.
WITH monthly AS (
  SELECT day, SUM(change) AS change
  FROM kpi.monthly_users_change
  WHERE audience = 'active'
  GROUP BY day
),
windowed AS (
  SELECT
    s.day,
    s.events,
    SUM(s.loaded) OVER (ORDER BY s.day ROWS BETWEEN 27 PRECEDING AND CURRENT ROW) AS days_loaded,
    SUM(COALESCE(m.change, 0)) OVER (ORDER BY s.day ROWS UNBOUNDED PRECEDING) AS people
  FROM kpi.day_status AS s
  LEFT JOIN monthly AS m ON m.day = s.day
  WHERE s.type = '(all)'
)
SELECT w.day, w.events
FROM windowed AS w
LEFT JOIN (SELECT DISTINCT day FROM kpi.month_activity) AS a ON a.day = w.day
WHERE
  w.days_loaded = 28
  AND w.people > 0
  AND a.day IS NULL
  AND w.day >= :first_day
  AND w.day <= :last_day
ORDER BY w.day
