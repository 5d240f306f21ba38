-- monthly_step: how many users entered and left each set of segments, per day, for one audience.
-- Grain:   one row per (day, set_key); a working table of one run.
-- Reads:   events.user_day, events.multi_device_day, kpi.segment.
-- Params:  first_day, last_day (UTC dates, both included), first_active_day (first_day less 27),
--          lowest, highest (the audience's days since another device).
-- Note:    a user is in a segment for 28 days from each day active in it. Days no more than 28 apart
--          make one island; where islands start and end, the running sum of their keys is the user's
--          set. On first_day everybody enters from nothing; monthly_users_change subtracts the count before.
-- Source:  design, section 4.
DROP TABLE IF EXISTS set_step;

CREATE TEMPORARY TABLE set_step AS
WITH active_day AS (
  SELECT d.day, d.user_id, d.segment_id
  FROM events.user_day AS d
  LEFT JOIN events.multi_device_day AS m
    ON m.day = d.day AND m.user_id = d.user_id AND m.day >= :first_active_day AND m.day <= :last_day
  WHERE
    d.day >= :first_active_day
    AND d.day <= :last_day
    AND COALESCE(m.days_since_other_device, 999) >= :lowest
    AND COALESCE(m.days_since_other_device, 999) <= :highest
),
neighbours AS (
  SELECT
    user_id,
    segment_id,
    day,
    LAG(day) OVER (PARTITION BY user_id, segment_id ORDER BY day) AS day_before,
    LEAD(day) OVER (PARTITION BY user_id, segment_id ORDER BY day) AS day_after
  FROM active_day
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
turn AS (
  SELECT
    e.user_id,
    e.day,
    SUM(e.direction * g.segment_key) AS key_change,
    SUM(CAST(e.direction * e.segment_id AS BIGINT)) AS sum_change
  FROM island_edge AS e
  INNER JOIN kpi.segment AS g ON g.segment_id = e.segment_id
  GROUP BY e.user_id, e.day
),
entered AS (
  SELECT
    user_id,
    day,
    key_change,
    sum_change,
    SUM(key_change) OVER (PARTITION BY user_id ORDER BY day ROWS UNBOUNDED PRECEDING) AS set_key,
    SUM(sum_change) OVER (PARTITION BY user_id ORDER BY day ROWS UNBOUNDED PRECEDING) AS segment_id_sum
  FROM turn
),
move AS (
  SELECT day, user_id, set_key, segment_id_sum, 1 AS change
  FROM entered
  WHERE segment_id_sum > 0
  UNION ALL
  SELECT day, NULL AS user_id, set_key - key_change, segment_id_sum - sum_change, -1 AS change
  FROM entered
  WHERE segment_id_sum - sum_change > 0
)
SELECT
  day,
  set_key,
  MIN(segment_id_sum) AS lowest_sum,
  MAX(segment_id_sum) AS highest_sum,
  SUM(change) AS users,
  MIN(user_id) AS example_user
FROM move
GROUP BY day, set_key;

ANALYZE set_step;
