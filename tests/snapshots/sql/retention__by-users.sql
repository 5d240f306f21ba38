-- returned: a day's users, and those of them who were active again on any of days 21 to 27 after it, under any
-- filter.
-- Grain:   one row per (broken_by, day), for every day from the first to the last; with a breakdown, for
--          every value under which anybody was active.
-- Reads:   kpi.segment, kpi.segment_set_member, kpi.daily_users, kpi.day_status, kpi.followed_from.
-- Params:  counted_audiences (active and returned_week_4, with an asterisk for counts by sets without
--          versions), lowest_set, highest_set (which sets those are), broken_by (browser, version, os,
--          service, users or ''), first_day, last_day (UTC dates, both included), with_incomplete (0 or 1),
--          and the filter's.
-- Note:    users are absent (NULL) where the day isn't loaded; those who returned also where one of the seven days
--          isn't, and on days that an older version summarised without them.
-- Source:  design, sections 4b and 6.
WITH
picked_set AS (
  SELECT DISTINCT
    m.set_id,
    CASE CAST('users' AS VARCHAR(16))
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
daily AS (
  SELECT
    p.broken_by,
    d.day,
    SUM(CASE WHEN REPLACE(d.audience, '*', '') = 'active' THEN d.users ELSE 0 END) AS users,
    SUM(CASE WHEN REPLACE(d.audience, '*', '') = 'active' THEN 0 ELSE d.users END) AS returned
  FROM kpi.daily_users AS d
  INNER JOIN picked_set AS p ON p.set_id = d.set_id
  WHERE d.audience IN ('active*', 'returned_week_4*')
  GROUP BY p.broken_by, d.day
),
status AS (
  SELECT
    day,
    CASE WHEN loaded = 1 AND (complete = 1 OR 0 = 1) THEN 1 ELSE 0 END AS counted
  FROM kpi.day_status
  WHERE type = '(all)'
),
calendar AS (
  SELECT
    day,
    counted,
    SUM(counted) OVER (ORDER BY day ROWS BETWEEN 21 FOLLOWING AND 27 FOLLOWING) AS return_days
  FROM status
),
found AS (
  SELECT DISTINCT broken_by FROM daily
  UNION
  SELECT CAST('' AS VARCHAR(16)) AS broken_by
  WHERE CAST('users' AS VARCHAR(16)) = ''
)
SELECT
  v.broken_by,
  y.day,
  CASE WHEN y.counted = 1 THEN COALESCE(d.users, 0) END AS users,
  CASE
    WHEN y.counted = 1 AND y.return_days = 7 AND f.first_day IS NOT NULL THEN COALESCE(d.returned, 0)
  END AS returned_week_4
FROM found AS v
CROSS JOIN calendar AS y
LEFT JOIN kpi.followed_from AS f ON f.first_day <= y.day
LEFT JOIN daily AS d ON d.broken_by = v.broken_by AND d.day = y.day
WHERE y.day >= '1970-01-01' AND y.day <= '9999-01-01'
ORDER BY v.broken_by, y.day;
