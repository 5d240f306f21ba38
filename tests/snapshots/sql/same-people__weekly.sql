-- same_people: the people in a segment over 28 days and how many of their last 7 days they were active
-- anywhere, under any filter.
-- Grain:   one row per (broken_by, day), for every day from the first to the last; with a breakdown, for
--          every value under which anybody was counted.
-- Reads:   kpi.segment, kpi.segment_set_member, kpi.month_activity, kpi.day_status, kpi.day_coverage.
-- Params:  lowest_set, highest_set (which sets are counted: with versions or without), broken_by (browser,
--          version, os, service, users or ''), first_day, last_day (UTC dates, both included),
--          with_incomplete (0 or 1), and the filter's.
-- Note:    counts are absent (NULL) where one of the 28 days isn't loaded, and on days that expired before
--          they were counted so. A day of which kpi.month_activity has no row is one of nobody only where
--          none of the 28 days had a user.
-- Source:  specification, "Engagement Ratio"; design, sections 3 (same people) and 4b.
WITH
picked_set AS (
  SELECT DISTINCT
    m.set_id,
    CASE CAST('' AS VARCHAR(16))
      WHEN 'browser' THEN g.browser
      WHEN 'version' THEN g.version
      WHEN 'os' THEN g.os
      WHEN 'service' THEN g.service
      WHEN 'users' THEN CASE WHEN g.new_user = 1 THEN 'new' ELSE 'existing' END
      ELSE ''
    END AS broken_by
  FROM kpi.segment_set_member AS m
  INNER JOIN kpi.segment AS g ON g.segment_id = m.segment_id
  WHERE
    m.set_id >= -2147483647
    AND m.set_id <= -1
),
activity AS (
  SELECT
    p.broken_by,
    a.day,
    SUM(a.users) AS users,
    SUM(a.week_users) AS week_users,
    SUM(a.active_days) AS active_days,
    SUM(a.active_days_squared) AS active_days_squared
  FROM kpi.month_activity AS a
  INNER JOIN picked_set AS p ON p.set_id = a.set_id
  WHERE
    a.day >= '1970-01-01'
    AND a.day <= '9999-01-01'
    AND a.set_id >= -2147483647
    AND a.set_id <= -1
  GROUP BY p.broken_by, a.day
),
calendar AS (
  SELECT
    s.day,
    SUM(CASE WHEN s.loaded = 1 AND (s.complete = 1 OR 0 = 1) THEN 1 ELSE 0 END)
      OVER (ORDER BY s.day ROWS BETWEEN 27 PRECEDING AND CURRENT ROW) AS days_counted,
    SUM(CASE WHEN v.users = 0 THEN 1 ELSE 0 END)
      OVER (ORDER BY s.day ROWS BETWEEN 27 PRECEDING AND CURRENT ROW) AS days_of_nobody
  FROM kpi.day_status AS s
  LEFT JOIN kpi.day_coverage AS v ON v.day = s.day
  WHERE s.type = '(all)'
),
filled_day AS (
  SELECT DISTINCT day
  FROM kpi.month_activity
  WHERE set_id >= -2147483647 AND set_id <= -1 AND day >= '1970-01-01' AND day <= '9999-01-01'
),
known_day AS (
  SELECT c.day
  FROM calendar AS c
  LEFT JOIN filled_day AS a ON a.day = c.day
  WHERE c.days_counted = 28 AND (a.day IS NOT NULL OR c.days_of_nobody = 28)
),
found AS (
  SELECT DISTINCT broken_by FROM activity
  UNION
  SELECT CAST('' AS VARCHAR(16)) AS broken_by
  WHERE CAST('' AS VARCHAR(16)) = ''
)
SELECT
  f.broken_by,
  c.day,
  CASE WHEN k.day IS NOT NULL THEN COALESCE(a.users, 0) END AS people,
  CASE WHEN k.day IS NOT NULL THEN COALESCE(a.week_users, 0) END AS week_people,
  CASE WHEN k.day IS NOT NULL THEN COALESCE(a.active_days, 0) END AS active_days,
  CASE WHEN k.day IS NOT NULL THEN COALESCE(a.active_days_squared, 0) END AS active_days_squared
FROM found AS f
CROSS JOIN calendar AS c
LEFT JOIN known_day AS k ON k.day = c.day
LEFT JOIN activity AS a ON a.broken_by = f.broken_by AND a.day = c.day
WHERE c.day >= '1970-01-01' AND c.day <= '9999-01-01'
ORDER BY f.broken_by, c.day;
