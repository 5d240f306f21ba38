-- activity_step: by how much each 28-day set's people, those of them active in the last 7 days, their
-- active days of the 7, and the squares of these change, per day.
-- Grain:   one row per (day, set_key) with a change; a working table of one run.
-- Reads:   events.user_day, kpi.segment.
-- Params:  first_day, last_day (UTC dates, both included), first_active_day (first_day less 27),
--          first_week_day (first_day less 6).
-- Note:    a user's set turns where islands of a segment start and end, as in monthly_step; the active
--          days of the last 7 turn where a day is active and the same weekday before wasn't, or the other
--          way round. On both, the user moves from one pair of set and days to another. On first_day
--          everybody enters from nothing; the days before it have no set, so nothing is counted there.
-- Source:  design, section 4b.
DROP TABLE IF EXISTS activity_step;

CREATE TEMPORARY TABLE activity_step AS
WITH neighbours AS (
  SELECT
    user_id,
    segment_id,
    day,
    LAG(day) OVER (PARTITION BY user_id, segment_id ORDER BY day) AS day_before,
    LEAD(day) OVER (PARTITION BY user_id, segment_id ORDER BY day) AS day_after
  FROM events.user_day
  WHERE day >= :first_active_day AND day <= :last_day
),
island_edge AS (
  SELECT user_id, segment_id, GREATEST(day, CAST(:first_day AS DATE)) AS day, 1 AS direction
  FROM neighbours
  WHERE day_before IS NULL OR day - day_before > 28
  UNION ALL
  SELECT user_id, segment_id, day + 28 AS day, -1 AS direction
  FROM neighbours
  WHERE (day_after IS NULL OR day_after - day > 28) AND day + 28 <= CAST(:last_day AS DATE)
),
set_turn AS (
  SELECT e.user_id, e.day, SUM(e.direction * g.segment_key) AS key_change
  FROM island_edge AS e
  INNER JOIN kpi.segment AS g ON g.segment_id = e.segment_id
  GROUP BY e.user_id, e.day
),
active_day AS (
  SELECT DISTINCT day, user_id
  FROM events.user_day
  WHERE day >= :first_week_day AND day <= :last_day
),
week_turn AS (
  SELECT
    COALESCE(d.user_id, b.user_id) AS user_id,
    COALESCE(d.day, b.day) AS day,
    CASE WHEN b.day IS NULL THEN 1 ELSE -1 END AS days_change
  FROM active_day AS d
  FULL JOIN (
    SELECT day + 7 AS day, user_id
    FROM active_day
    WHERE day + 7 <= CAST(:last_day AS DATE)
  ) AS b ON b.user_id = d.user_id AND b.day = d.day
  WHERE d.day IS NULL OR b.day IS NULL
),
turn AS (
  SELECT
    COALESCE(s.user_id, w.user_id) AS user_id,
    COALESCE(s.day, w.day) AS day,
    COALESCE(s.key_change, 0) AS key_change,
    COALESCE(w.days_change, 0) AS days_change
  FROM set_turn AS s
  FULL JOIN week_turn AS w ON w.user_id = s.user_id AND w.day = s.day
),
entered AS (
  SELECT
    day,
    key_change,
    days_change,
    SUM(key_change) OVER (PARTITION BY user_id ORDER BY day ROWS UNBOUNDED PRECEDING) AS set_key,
    SUM(days_change) OVER (PARTITION BY user_id ORDER BY day ROWS UNBOUNDED PRECEDING) AS active_days
  FROM turn
),
move AS (
  SELECT day, set_key, active_days, 1 AS change
  FROM entered
  UNION ALL
  SELECT day, set_key - key_change, active_days - days_change, -1 AS change
  FROM entered
)
SELECT
  day,
  set_key,
  SUM(change) AS users,
  SUM(CASE WHEN active_days > 0 THEN change ELSE 0 END) AS week_users,
  SUM(change * active_days) AS active_days,
  SUM(change * active_days * active_days) AS active_days_squared
FROM move
WHERE set_key > 0
GROUP BY day, set_key;

ANALYZE activity_step;
