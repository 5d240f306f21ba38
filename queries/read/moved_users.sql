-- moved_users: the users of a day by the combination of a tag's values on that day, and those of them who
-- are multi-device, under any filter: of several tags at once, by day of two periods and by week of the
-- history.
-- Grain:   one row per (broken_by, days_together, last_day, group_id): a day, or a whole week that ends with
--          it, of which everything is added up; of a day or week of nobody one row with group 0.
-- Reads:   kpi.segment, kpi.segment_set_member, kpi.daily_users, kpi.day_status, kpi.day_coverage.
-- Params:  counted_audience, counted_part (active users and multi-device users, with an asterisk for counts
--          by sets without versions), lowest_set, highest_set (which sets those are), device_window (days
--          within which two devices count; 0 without devices), tags (of browser, version, os, service,
--          users), first_day (of the history), before_first, before_last, after_first, last_day (the UTC
--          dates of the two periods, all included; weeks are counted back from the last), most_groups (so
--          many of the largest groups are apart, the others are group 0), with_incomplete (0 or 1), and the
--          filter's.
-- Note:    a group is named by one of its sets, whose values read/values_of_sets lists.
-- Note:    multi-device users are absent where too few users had a device in the window of the day.
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
known_day AS (
  SELECT s.day
  FROM kpi.day_status AS s
  LEFT JOIN kpi.day_coverage AS v ON v.day = s.day
  WHERE
    s.type = '(all)'
    AND s.loaded = 1
    AND (s.complete = 1 OR :with_incomplete = 1)
    AND COALESCE(v.days_since_low_coverage, 999) >= :device_window
    AND s.day >= :first_day
    AND s.day <= :last_day
),
{{ days_and_weeks }}
users_of_set AS (
  SELECT
    k.days_together,
    k.last_day,
    d.set_id,
    SUM(CASE WHEN d.audience = :counted_audience THEN d.users ELSE 0 END) AS users,
    SUM(CASE WHEN d.audience = :counted_part THEN d.users ELSE 0 END) AS part
  FROM kpi.daily_users AS d
  INNER JOIN picked_set AS p ON p.set_id = d.set_id AND :narrowed = 1 -- if given
  INNER JOIN known_span AS k ON k.day = d.day
  WHERE
    (d.audience = :counted_audience OR d.audience = :counted_part)
    AND d.day >= :first_day
    AND d.day <= :last_day
  GROUP BY k.days_together, k.last_day, d.set_id
),
counted_set AS (
  SELECT days_together, last_day, set_id, users, part AS active_users, part AS amount, part AS amount_squared
  FROM users_of_set
),
{{ groups_of_sets }}
