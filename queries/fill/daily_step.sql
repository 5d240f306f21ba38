-- daily_step: how many users had exactly this set of segments on a day, by days since another device and
-- by whether they had a device that day.
-- Grain:   one row per (day, set_key, days_since_other_device, with_device); a working table of one run.
-- Reads:   events.user_day, events.user_device_day, events.multi_device_day, kpi.segment.
-- Params:  first_day, last_day (UTC dates, both included).
-- Note:    a set is known by the sum of its segments' random keys; the sum of their numbers beside it
--          shows two sets under one key for what they are.
DROP TABLE IF EXISTS set_step;

CREATE TEMPORARY TABLE set_step AS
WITH user_set AS (
  SELECT
    d.day,
    d.user_id,
    SUM(g.segment_key) AS set_key,
    SUM(CAST(d.segment_id AS BIGINT)) AS segment_id_sum
  FROM events.user_day AS d
  INNER JOIN kpi.segment AS g ON g.segment_id = d.segment_id
  WHERE d.day >= :first_day AND d.day <= :last_day
  GROUP BY d.day, d.user_id
),
device_user AS (
  SELECT DISTINCT day, user_id
  FROM events.user_device_day
  WHERE day >= :first_day AND day <= :last_day
)
SELECT
  s.day,
  s.set_key,
  COALESCE(m.days_since_other_device, 999) AS days_since_other_device,
  CASE WHEN v.user_id IS NULL THEN 0 ELSE 1 END AS with_device,
  MIN(s.segment_id_sum) AS lowest_sum,
  MAX(s.segment_id_sum) AS highest_sum,
  COUNT(*) AS users,
  MIN(s.user_id) AS example_user
FROM user_set AS s
LEFT JOIN events.multi_device_day AS m
  ON m.day = s.day AND m.user_id = s.user_id AND m.day >= :first_day AND m.day <= :last_day
LEFT JOIN device_user AS v ON v.day = s.day AND v.user_id = s.user_id
GROUP BY
  s.day,
  s.set_key,
  COALESCE(m.days_since_other_device, 999),
  CASE WHEN v.user_id IS NULL THEN 0 ELSE 1 END;

ANALYZE set_step;
