-- moved_people: the people of 28 days by the combination of a tag's values in these days, those of them
-- active in the last 7 days, and their active days of the 7, under any filter.
-- Grain:   one row per (last_day, group_id): a day, or a whole week that ends with it, of which everything
--          is added up; of a day or week of nobody one row with group 0.
-- Reads:   kpi.segment, kpi.segment_set_member, kpi.month_activity, kpi.day_status, kpi.day_coverage.
-- Params:  lowest_set, highest_set (which sets are counted: with versions or without), broken_by (browser,
--          version, os, service or users), before_first, before_last, first_day, last_day (the UTC dates of
--          two periods, all included), days_together (1, or 7 for weeks counted back from last_day),
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
    m.set_id >= :lowest_set
    AND m.set_id <= :highest_set
    {{ filter }}
),
calendar AS (
  SELECT
    s.day,
    SUM(CASE WHEN s.loaded = 1 AND (s.complete = 1 OR :with_incomplete = 1) THEN 1 ELSE 0 END)
      OVER (ORDER BY s.day ROWS BETWEEN 27 PRECEDING AND CURRENT ROW) AS days_counted
  FROM kpi.day_status AS s
  WHERE s.type = '(all)'
),
known_day AS (
  SELECT
    day,
    day + CAST(MOD(CAST(:last_day AS DATE) - day, CAST(:days_together AS INTEGER)) AS INTEGER) AS last_day
  FROM calendar
  WHERE
    days_counted = 28
    AND (
      (day >= :before_first AND day <= :before_last)
      OR (day >= :first_day AND day <= :last_day)
    )
),
whole_span AS (
  SELECT last_day
  FROM known_day
  GROUP BY last_day
  HAVING COUNT(*) = :days_together
),
counted_set AS (
  SELECT
    k.last_day,
    a.set_id,
    a.users,
    a.week_users AS active_users,
    a.active_days AS amount,
    a.active_days_squared AS amount_squared
  FROM kpi.month_activity AS a
  INNER JOIN picked_set AS p ON p.set_id = a.set_id AND :narrowed = 1 -- if given
  INNER JOIN known_day AS k ON k.day = a.day
  WHERE
    a.set_id >= :lowest_set
    AND a.set_id <= :highest_set
    AND (
      (a.day >= :before_first AND a.day <= :before_last)
      OR (a.day >= :first_day AND a.day <= :last_day)
    )
),
{{ groups_of_sets }}
grouped AS (
  SELECT
    c.last_day,
    CASE WHEN r.place <= :most_groups THEN r.group_id ELSE 0 END AS group_id,
    SUM(c.users) AS users,
    SUM(c.active_users) AS active_users,
    SUM(c.amount) AS amount,
    SUM(c.amount_squared) AS amount_squared
  FROM counted_set AS c
  INNER JOIN set_group AS s ON s.set_id = c.set_id
  INNER JOIN ranked_group AS r ON r.group_id = s.group_id
  GROUP BY 1, 2
)
SELECT
  w.last_day,
  COALESCE(d.group_id, 0) AS group_id,
  COALESCE(d.users, 0) AS users,
  COALESCE(d.active_users, 0) AS active_users,
  COALESCE(d.amount, 0) AS amount,
  COALESCE(d.amount_squared, 0) AS amount_squared
FROM whole_span AS w
LEFT JOIN grouped AS d ON d.last_day = w.last_day
ORDER BY 1, 2
