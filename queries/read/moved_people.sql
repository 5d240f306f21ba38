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
  SELECT day
  FROM calendar
  WHERE
    days_counted = 28
    AND day >= :first_day
    AND day <= :last_day
),
{{ days_and_weeks }}
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
  INNER JOIN picked_set AS p ON p.set_id = a.set_id AND :narrowed = 1 -- if given
  INNER JOIN known_span AS k ON k.day = a.day
  WHERE
    a.set_id >= :lowest_set
    AND a.set_id <= :highest_set
    AND a.day >= :first_day
    AND a.day <= :last_day
  GROUP BY k.days_together, k.last_day, a.set_id
),
{{ groups_of_sets }}
