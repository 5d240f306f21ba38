-- engagement: users per day and over 28 days, for one or several audiences, under any filter.
-- Grain:   one row per (broken_by, audience, day), for every day from the first to the last; with a
--          breakdown, for every value under which anybody was active.
-- Reads:   kpi.segment, kpi.segment_set_member, kpi.daily_users, kpi.monthly_users_change,
--          kpi.day_status, kpi.day_coverage.
-- Params:  active and the names of further audiences, counted_audiences (the same, with an asterisk for
--          counts by sets without versions), lowest_set, highest_set (which sets those are), broken_by (browser, version, os,
--          service, users or ''), first_day, last_day (UTC dates, both included), with_incomplete (0 or
--          1), and the filter's.
-- Note:    multi- and single-device counts are absent where too few users had a device on a day of their
--          device window; those of users with a device, where that was never counted.
-- Note:    counts are absent (NULL) where a day of their window isn't loaded. The seven-day sum and the
--          number of its days stand apart, so that the ratio is computed in one place.
-- Source:  specification, "Engagement Ratio"; design, sections 3 and 4.
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
    AND g.os IN ('Android')
),
counted AS (
  SELECT
    p.broken_by,
    c.audience,
    c.day,
    CAST(SUM(c.users) AS BIGINT) AS users,
    CAST(SUM(c.change) AS BIGINT) AS change
  FROM (
    SELECT audience, day, set_id, users, 0 AS change
    FROM kpi.daily_users
    WHERE audience IN ('active*', 'multi_device_5*', 'single_device_5*', 'with_device*')
    UNION ALL
    SELECT audience, day, set_id, 0 AS users, change
    FROM kpi.monthly_users_change
    WHERE audience IN ('active*', 'multi_device_5*', 'single_device_5*', 'with_device*')
  ) AS c
  INNER JOIN picked_set AS p ON p.set_id = c.set_id
  GROUP BY p.broken_by, c.audience, c.day
),
calendar AS (
  SELECT
    s.day,
    CASE WHEN s.loaded = 1 AND (s.complete = 1 OR 0 = 1) THEN 1 ELSE 0 END AS counted,
    CASE WHEN v.day IS NULL THEN 0 ELSE 1 END AS covered,
    COALESCE(v.days_since_low_coverage, 999) AS days_since_low
  FROM kpi.day_status AS s
  LEFT JOIN kpi.day_coverage AS v ON v.day = s.day
  WHERE s.type = '(all)'
),
asked_audience AS (
  SELECT CAST('active' AS VARCHAR(16)) AS audience, 0 AS device_window, 0 AS needs_coverage
  UNION ALL SELECT CAST('with_device' AS VARCHAR(16)), 0, 1
  UNION ALL SELECT CAST('single_device_5' AS VARCHAR(16)), 5, 0
  UNION ALL SELECT CAST('multi_device_5' AS VARCHAR(16)), 5, 0
),
found AS (
  SELECT broken_by FROM counted
  UNION
  SELECT CAST('' AS VARCHAR(16)) AS broken_by
  WHERE CAST('' AS VARCHAR(16)) = ''
),
filled AS (
  SELECT
    f.broken_by,
    a.audience,
    y.day,
    CASE
      WHEN y.days_since_low >= a.device_window AND y.covered >= a.needs_coverage THEN y.counted
      ELSE 0
    END AS counted,
    COALESCE(c.users, 0) AS users,
    COALESCE(c.change, 0) AS change
  FROM found AS f
  CROSS JOIN asked_audience AS a
  CROSS JOIN calendar AS y
  LEFT JOIN counted AS c
    ON c.broken_by = f.broken_by
    AND REPLACE(c.audience, '*', '') = a.audience
    AND c.day = y.day
),
windowed AS (
  SELECT
    broken_by,
    audience,
    day,
    counted,
    users,
    SUM(users) OVER (
      PARTITION BY broken_by, audience ORDER BY day ROWS BETWEEN 6 PRECEDING AND CURRENT ROW
    ) AS week_users,
    SUM(counted) OVER (
      PARTITION BY broken_by, audience ORDER BY day ROWS BETWEEN 6 PRECEDING AND CURRENT ROW
    ) AS week_days,
    SUM(change) OVER (
      PARTITION BY broken_by, audience ORDER BY day ROWS UNBOUNDED PRECEDING
    ) AS month_users,
    SUM(counted) OVER (
      PARTITION BY broken_by, audience ORDER BY day ROWS BETWEEN 27 PRECEDING AND CURRENT ROW
    ) AS month_days
  FROM filled
)
SELECT
  broken_by,
  audience,
  day,
  CASE WHEN counted = 1 THEN users END AS daily_users,
  CASE WHEN week_days = 7 THEN CAST(week_users AS BIGINT) END AS week_users,
  CASE WHEN month_days = 28 THEN CAST(month_users AS BIGINT) END AS monthly_users
FROM windowed
WHERE day >= '1970-01-01' AND day <= '9999-01-01'
ORDER BY broken_by, audience, day;
