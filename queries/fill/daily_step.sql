-- daily_step: how many users had exactly this set of segments on a day, by days since another device, by
-- whether they had a device that day, and by whether they came back in the fourth week after it.
-- Grain:   one row per (day, set_key, days_since_other_device, with_device, returned); a working table of one
--          run.
-- Reads:   events.user_day, events.user_device_day, events.multi_device_day, kpi.segment, kpi.day_status.
-- Params:  first_day, last_day (UTC dates, both included).
-- Note:    a set is known by the sum of its segments' random keys; the sum of their numbers beside it
--          shows two sets under one key for what they are.
-- Note:    days 21 to 27 after a day are the end of a week of the calendar and the beginning of the next: the
--          last active day of the first and the first of the second say whether a user came back. Nobody did
--          where one of the seven days isn't loaded.
-- Source:  design, sections 4 and 4b.
DROP TABLE IF EXISTS set_step;

CREATE TEMPORARY TABLE set_step AS
WITH user_set AS (
  SELECT
    d.day,
    d.user_id,
    CAST(FLOOR((d.day + 21 - DATE '1970-01-01') / 7.0) AS INTEGER) AS return_week,
    SUM(g.segment_key) AS set_key,
    SUM(d.segment_id) AS segment_id_sum
  FROM events.user_day AS d
  INNER JOIN kpi.segment AS g ON g.segment_id = d.segment_id
  WHERE d.day >= :first_day AND d.day <= :last_day
  GROUP BY d.day, d.user_id
),
device_user AS (
  SELECT DISTINCT day, user_id
  FROM events.user_device_day
  WHERE day >= :first_day AND day <= :last_day
),
return_day AS (
  SELECT day
  FROM (
    SELECT day, SUM(loaded) OVER (ORDER BY day ROWS BETWEEN 21 FOLLOWING AND 27 FOLLOWING) AS days_loaded
    FROM kpi.day_status
    WHERE type = '(all)'
  ) AS status
  WHERE days_loaded = 7
),
user_week AS (
  SELECT
    user_id,
    CAST(FLOOR((day - DATE '1970-01-01') / 7.0) AS INTEGER) AS week,
    MIN(day) AS first_day,
    MAX(day) AS last_day
  FROM events.user_day
  WHERE day >= CAST(:first_day AS DATE) + 21 AND day <= CAST(:last_day AS DATE) + 27
  GROUP BY user_id, CAST(FLOOR((day - DATE '1970-01-01') / 7.0) AS INTEGER)
),
followed AS (
  SELECT
    s.day,
    s.user_id,
    s.set_key,
    s.segment_id_sum,
    CASE
      WHEN r.day IS NULL THEN 0
      WHEN a.last_day >= s.day + 21 OR b.first_day <= s.day + 27 THEN 1
      ELSE 0
    END AS returned
  FROM user_set AS s
  LEFT JOIN return_day AS r ON r.day = s.day
  LEFT JOIN user_week AS a ON a.user_id = s.user_id AND a.week = s.return_week
  LEFT JOIN user_week AS b ON b.user_id = s.user_id AND b.week = s.return_week + 1
)
SELECT
  s.day,
  s.set_key,
  COALESCE(m.days_since_other_device, 999) AS days_since_other_device,
  CASE WHEN v.user_id IS NULL THEN 0 ELSE 1 END AS with_device,
  s.returned,
  MIN(s.segment_id_sum) AS lowest_sum,
  MAX(s.segment_id_sum) AS highest_sum,
  COUNT(*) AS users,
  MIN(s.user_id) AS example_user
FROM followed AS s
LEFT JOIN events.multi_device_day AS m
  ON m.day = s.day AND m.user_id = s.user_id AND m.day >= :first_day AND m.day <= :last_day
LEFT JOIN device_user AS v ON v.day = s.day AND v.user_id = s.user_id
GROUP BY
  s.day,
  s.set_key,
  COALESCE(m.days_since_other_device, 999),
  CASE WHEN v.user_id IS NULL THEN 0 ELSE 1 END,
  s.returned;

ANALYZE set_step;
