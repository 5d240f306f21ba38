-- moved_users: the users of a day by the combination of a tag's values on that day, and those of them who
-- are multi-device, under any filter.
-- Grain:   one row per (last_day, group_id): a day, or a whole week that ends with it, of which everything
--          is added up; of a day or week of nobody one row with group 0.
-- Reads:   kpi.segment, kpi.segment_set_member, kpi.daily_users, kpi.day_status, kpi.day_coverage.
-- Params:  counted_audience, counted_part (active users and multi-device users, with an asterisk for counts
--          by sets without versions), lowest_set, highest_set (which sets those are), device_window (days
--          within which two devices count; 0 without devices), broken_by (browser, version, os, service or
--          users), before_first, before_last, first_day, last_day (the UTC dates of two periods, all
--          included), days_together (1, or 7 for weeks counted back from last_day), most_groups (so many
--          of the largest groups are apart, the others are group 0), with_incomplete (0 or 1), and the
--          filter's.
-- Note:    a group is named by one of its sets, whose values read/values_of_sets lists.
-- Note:    multi-device users are absent where too few users had a device in the window of the day.
-- Source:  design, sections 4b and 6 (moved).
WITH picked_set AS (
  SELECT DISTINCT m.set_id
  FROM kpi.segment_set_member AS m
  INNER JOIN kpi.segment AS g ON g.segment_id = m.segment_id
  WHERE
    m.set_id >= 1
    AND m.set_id <= 2147483647
),
known_day AS (
  SELECT
    s.day,
    s.day + CAST(MOD(CAST('2016-03-20' AS DATE) - s.day, CAST(1 AS INTEGER)) AS INTEGER) AS last_day
  FROM kpi.day_status AS s
  LEFT JOIN kpi.day_coverage AS v ON v.day = s.day
  WHERE
    s.type = '(all)'
    AND s.loaded = 1
    AND (s.complete = 1 OR 0 = 1)
    AND COALESCE(v.days_since_low_coverage, 999) >= 7
    AND (
      (s.day >= '2016-01-04' AND s.day <= '2016-01-31')
      OR (s.day >= '2016-02-22' AND s.day <= '2016-03-20')
    )
),
whole_span AS (
  SELECT last_day
  FROM known_day
  GROUP BY last_day
  HAVING COUNT(*) = 1
),
counted_set AS (
  SELECT
    k.last_day,
    d.set_id,
    SUM(CASE WHEN d.audience = 'active' THEN d.users ELSE 0 END) AS users,
    SUM(CASE WHEN d.audience = 'multi_device_7' THEN d.users ELSE 0 END) AS part
  FROM kpi.daily_users AS d
  INNER JOIN known_day AS k ON k.day = d.day
  WHERE
    (d.audience = 'active' OR d.audience = 'multi_device_7')
    AND (
      (d.day >= '2016-01-04' AND d.day <= '2016-01-31')
      OR (d.day >= '2016-02-22' AND d.day <= '2016-03-20')
    )
  GROUP BY k.last_day, d.set_id
),
tag_segment AS (
  SELECT
    g.segment_id,
    g.segment_key,
    CASE CAST('version' AS VARCHAR(16))
      WHEN 'browser' THEN g.browser
      WHEN 'version' THEN g.version
      WHEN 'os' THEN g.os
      WHEN 'service' THEN g.service
      WHEN 'users' THEN CASE WHEN g.new_user = 1 THEN 'new' ELSE 'existing' END
    END AS tag_value
  FROM kpi.segment AS g
),
keyed_segment AS (
  SELECT segment_id, MIN(segment_key) OVER (PARTITION BY tag_value) AS value_key
  FROM tag_segment
),
value_of_set AS (
  SELECT DISTINCT c.set_id, k.value_key
  FROM (SELECT DISTINCT set_id FROM counted_set) AS c
  INNER JOIN kpi.segment_set_member AS m ON m.set_id = c.set_id
  INNER JOIN keyed_segment AS k ON k.segment_id = m.segment_id
),
keyed_set AS (
  SELECT set_id, SUM(value_key) AS group_key
  FROM value_of_set
  GROUP BY set_id
),
set_group AS (
  SELECT set_id, MIN(set_id) OVER (PARTITION BY group_key) AS group_id
  FROM keyed_set
),
sized_group AS (
  SELECT s.group_id, SUM(c.users) AS users
  FROM counted_set AS c
  INNER JOIN set_group AS s ON s.set_id = c.set_id
  GROUP BY s.group_id
),
ranked_group AS (
  SELECT
    group_id,
    RANK() OVER (ORDER BY users DESC) + COUNT(*) OVER (PARTITION BY users) - 1 AS place
  FROM sized_group
),
grouped AS (
  SELECT
    c.last_day,
    CASE WHEN r.place <= 100 THEN r.group_id ELSE 0 END AS group_id,
    SUM(c.users) AS users,
    SUM(c.part) AS part
  FROM counted_set AS c
  INNER JOIN set_group AS s ON s.set_id = c.set_id
  INNER JOIN ranked_group AS r ON r.group_id = s.group_id
  GROUP BY 1, 2
)
SELECT
  w.last_day,
  COALESCE(d.group_id, 0) AS group_id,
  COALESCE(d.users, 0) AS users,
  COALESCE(d.part, 0) AS active_users,
  COALESCE(d.part, 0) AS amount,
  COALESCE(d.part, 0) AS amount_squared
FROM whole_span AS w
LEFT JOIN grouped AS d ON d.last_day = w.last_day
ORDER BY 1, 2;
