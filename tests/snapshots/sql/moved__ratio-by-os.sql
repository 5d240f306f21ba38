-- moved_people: the people of 28 days by the combination of a tag's values in these days, those of them
-- active in the last 7 days, and their active days of the 7, under any filter: of several tags at once, by
-- day of two periods and by week of the history.
-- Grain:   one row per (broken_by, days_together, last_day, group_id): a day, or a whole week that ends with
--          it, of which everything is added up; of a day or week of nobody one row with group 0.
-- Reads:   kpi.segment, kpi.segment_set_member, kpi.month_activity, kpi.day_status.
-- Params:  lowest_set, highest_set (which sets are counted: with versions or without), tags (of browser,
--          version, os, service, users), first_day (of the history), before_first, before_last, after_first,
--          last_day (the UTC dates of the two periods, all included; weeks are counted back from the last),
--          most_groups (so many of the largest groups are apart, the others are group 0), with_incomplete
--          (0 or 1), narrowed (1 with a filter of users), and the filter's.
-- Note:    a group is named by one of its sets, whose values read/values_of_sets lists.
-- Note:    the filter picks people by their sets; groups are of all values in a set.
-- Source:  design, sections 4b and 6 (moved).
WITH picked_set AS (
  SELECT DISTINCT m.set_id
  FROM kpi.segment_set_member AS m
  INNER JOIN kpi.segment AS g ON g.segment_id = m.segment_id
  WHERE
    m.set_id >= -2147483647
    AND m.set_id <= -1
),
calendar AS (
  SELECT
    s.day,
    SUM(CASE WHEN s.loaded = 1 AND (s.complete = 1 OR 0 = 1) THEN 1 ELSE 0 END)
      OVER (ORDER BY s.day ROWS BETWEEN 27 PRECEDING AND CURRENT ROW) AS days_counted
  FROM kpi.day_status AS s
  WHERE s.type = '(all)'
),
known_day AS (
  SELECT day
  FROM calendar
  WHERE
    days_counted = 28
    AND day >= '2015-11-01'
    AND day <= '2016-03-20'
),
known_span AS (
  SELECT day, 1 AS days_together, day AS last_day
  FROM known_day
  WHERE
    (day >= '2016-01-04' AND day <= '2016-01-31')
    OR (day >= '2016-02-22' AND day <= '2016-03-20')
  UNION ALL
  SELECT
    day,
    7 AS days_together,
    day + CAST(MOD(CAST('2016-03-20' AS DATE) - day, 7) AS INTEGER) AS last_day
  FROM known_day
),
whole_span AS (
  SELECT days_together, last_day
  FROM known_span
  GROUP BY days_together, last_day
  HAVING COUNT(*) = days_together
),
counted_set AS (
  SELECT
    k.days_together,
    k.last_day,
    a.set_id,
    SUM(a.users) AS users,
    SUM(a.week_users) AS active_users,
    SUM(a.active_days) AS amount,
    SUM(a.active_days_squared) AS amount_squared
  FROM kpi.month_activity AS a
  INNER JOIN known_span AS k ON k.day = a.day
  WHERE
    a.set_id >= -2147483647
    AND a.set_id <= -1
    AND a.day >= '2015-11-01'
    AND a.day <= '2016-03-20'
  GROUP BY k.days_together, k.last_day, a.set_id
),
asked_tag AS (
  SELECT broken_by
  FROM (
    SELECT CAST('browser' AS VARCHAR(16)) AS broken_by
    UNION ALL SELECT CAST('version' AS VARCHAR(16))
    UNION ALL SELECT CAST('os' AS VARCHAR(16))
    UNION ALL SELECT CAST('service' AS VARCHAR(16))
    UNION ALL SELECT CAST('users' AS VARCHAR(16))
  ) AS every_tag
  WHERE broken_by IN ('browser', 'os', 'service', 'users')
),
tag_segment AS (
  SELECT
    t.broken_by,
    g.segment_id,
    g.segment_key,
    CASE t.broken_by
      WHEN 'browser' THEN g.browser
      WHEN 'version' THEN g.version
      WHEN 'os' THEN g.os
      WHEN 'service' THEN g.service
      WHEN 'users' THEN CASE WHEN g.new_user = 1 THEN 'new' ELSE 'existing' END
    END AS tag_value
  FROM kpi.segment AS g
  CROSS JOIN asked_tag AS t
),
keyed_segment AS (
  SELECT broken_by, segment_id, MIN(segment_key) OVER (PARTITION BY broken_by, tag_value) AS value_key
  FROM tag_segment
),
value_of_set AS (
  SELECT DISTINCT k.broken_by, c.set_id, k.value_key
  FROM (SELECT DISTINCT set_id FROM counted_set) AS c
  INNER JOIN kpi.segment_set_member AS m ON m.set_id = c.set_id
  INNER JOIN keyed_segment AS k ON k.segment_id = m.segment_id
),
keyed_set AS (
  SELECT broken_by, set_id, SUM(value_key) AS group_key
  FROM value_of_set
  GROUP BY broken_by, set_id
),
set_group AS (
  SELECT broken_by, set_id, MIN(set_id) OVER (PARTITION BY broken_by, group_key) AS group_id
  FROM keyed_set
),
counted_group AS (
  SELECT
    s.broken_by,
    c.days_together,
    c.last_day,
    s.group_id,
    SUM(c.users) AS users,
    SUM(c.active_users) AS active_users,
    SUM(c.amount) AS amount,
    SUM(c.amount_squared) AS amount_squared
  FROM counted_set AS c
  INNER JOIN set_group AS s ON s.set_id = c.set_id
  GROUP BY s.broken_by, c.days_together, c.last_day, s.group_id
),
sized_group AS (
  SELECT broken_by, days_together, group_id, SUM(users) AS users
  FROM counted_group
  GROUP BY broken_by, days_together, group_id
),
ranked_group AS (
  SELECT
    broken_by,
    days_together,
    group_id,
    RANK() OVER (PARTITION BY broken_by, days_together ORDER BY users DESC)
    + COUNT(*) OVER (PARTITION BY broken_by, days_together, users) - 1 AS place
  FROM sized_group
),
shown_group AS (
  SELECT
    c.broken_by,
    c.days_together,
    c.last_day,
    CASE WHEN r.place <= 100 THEN c.group_id ELSE 0 END AS group_id,
    SUM(c.users) AS users,
    SUM(c.active_users) AS active_users,
    SUM(c.amount) AS amount,
    SUM(c.amount_squared) AS amount_squared
  FROM counted_group AS c
  INNER JOIN ranked_group AS r
    ON r.broken_by = c.broken_by AND r.days_together = c.days_together AND r.group_id = c.group_id
  GROUP BY 1, 2, 3, 4
)
SELECT
  t.broken_by,
  w.days_together,
  w.last_day,
  COALESCE(g.group_id, 0) AS group_id,
  COALESCE(g.users, 0) AS users,
  COALESCE(g.active_users, 0) AS active_users,
  COALESCE(g.amount, 0) AS amount,
  COALESCE(g.amount_squared, 0) AS amount_squared
FROM whole_span AS w
CROSS JOIN asked_tag AS t
LEFT JOIN shown_group AS g
  ON g.broken_by = t.broken_by AND g.days_together = w.days_together AND g.last_day = w.last_day
ORDER BY 1, 2, 3, 4;
