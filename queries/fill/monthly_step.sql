-- monthly_step: how many users went from one set of segments to another, per day, for one audience.
-- Grain:   move_step: one row per (day, from_key, to_key), 0 for the key of no set; set_step: one row per
--          (day, set_key) that anybody entered; working tables of one run.
-- Reads:   events.user_day, events.multi_device_day, kpi.segment.
-- Params:  first_day, last_day (UTC dates, both included), day_before (first_day less 1),
--          first_active_day (first_day less 28), lowest, highest (the audience's days since another device).
-- Note:    a user is in a segment for 28 days from each day active in it. Days no more than 28 apart
--          make one island; where islands start and end, the running sum of their keys is the user's
--          set. On day_before everybody enters from nothing: the sets that the moves of first_day begin in.
-- Source:  design, sections 4 and 4b.
DROP TABLE IF EXISTS move_step;

CREATE TEMPORARY TABLE move_step AS
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
  SELECT user_id, segment_id, GREATEST(day, CAST(:day_before AS DATE)) AS day, 1 AS direction
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
    SUM(e.direction * e.segment_id) AS sum_change
  FROM island_edge AS e
  INNER JOIN kpi.segment AS g ON g.segment_id = e.segment_id
  GROUP BY e.user_id, e.day
),
entered AS (
  SELECT
    user_id,
    day,
    key_change,
    SUM(key_change) OVER (PARTITION BY user_id ORDER BY day ROWS UNBOUNDED PRECEDING) AS to_key,
    SUM(sum_change) OVER (PARTITION BY user_id ORDER BY day ROWS UNBOUNDED PRECEDING) AS segment_id_sum
  FROM turn
)
SELECT
  day,
  to_key - key_change AS from_key,
  to_key,
  MIN(segment_id_sum) AS lowest_sum,
  MAX(segment_id_sum) AS highest_sum,
  COUNT(*) AS users,
  MIN(user_id) AS example_user
FROM entered
GROUP BY day, to_key - key_change, to_key;

ANALYZE move_step;

DROP TABLE IF EXISTS set_step;

CREATE TEMPORARY TABLE set_step AS
SELECT
  day,
  to_key AS set_key,
  MIN(lowest_sum) AS lowest_sum,
  MAX(highest_sum) AS highest_sum,
  MIN(example_user) AS example_user
FROM move_step
WHERE to_key > 0
GROUP BY day, to_key;

ANALYZE set_step;
