-- month_activity: the users of exactly this set over 28 days, those of them active in the last 7 days,
-- and the sum and the sum of squares of their active days among these 7, per UTC day.
-- Grain:   one row per (day, set_id); a day has none unless its 28 days are all loaded.
-- Reads:   activity_step, kpi.day_status, kpi.segment_set.
-- Params:  first_day, last_day (UTC dates, both included).
-- Rerun:   safe; first_day..last_day is replaced.
-- Note:    sorted by set, since the counts of a set are alike from day to day: half the bytes.
-- Source:  design, section 4b.
DELETE FROM kpi.month_activity WHERE day >= :first_day AND day <= :last_day;

INSERT INTO kpi.month_activity (day, set_id, users, week_users, active_days, active_days_squared)
WITH windowed AS (
  SELECT day, SUM(loaded) OVER (ORDER BY day ROWS BETWEEN 27 PRECEDING AND CURRENT ROW) AS days_loaded
  FROM kpi.day_status
  WHERE type = '(all)'
),
whole_month AS (
  SELECT day
  FROM windowed
  WHERE days_loaded = 28 AND day >= :first_day AND day <= :last_day
),
standing AS (
  SELECT
    set_key,
    day,
    LEAD(day) OVER (PARTITION BY set_key ORDER BY day) AS next_day,
    SUM(users) OVER (PARTITION BY set_key ORDER BY day ROWS UNBOUNDED PRECEDING) AS users,
    SUM(week_users) OVER (PARTITION BY set_key ORDER BY day ROWS UNBOUNDED PRECEDING) AS week_users,
    SUM(active_days) OVER (PARTITION BY set_key ORDER BY day ROWS UNBOUNDED PRECEDING) AS active_days,
    SUM(active_days_squared) OVER (PARTITION BY set_key ORDER BY day ROWS UNBOUNDED PRECEDING) AS active_days_squared
  FROM activity_step
)
SELECT w.day, k.set_id, s.users, s.week_users, s.active_days, s.active_days_squared
FROM standing AS s
INNER JOIN whole_month AS w
  ON w.day >= s.day AND w.day < COALESCE(s.next_day, CAST(:last_day AS DATE) + 1)
INNER JOIN kpi.segment_set AS k ON k.set_key = s.set_key
WHERE s.users > 0
ORDER BY k.set_id, w.day;
