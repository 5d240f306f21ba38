-- engagement: users per day and over 28 days, for one or several audiences, under any filter.
-- Grain:   one row per (broken_by, audience, day), for every day from the first to the last; with a
--          breakdown, for every value under which anybody was active.
-- Reads:   kpi.segment, kpi.segment_set_member, kpi.daily_users, kpi.monthly_users_change,
--          kpi.day_status, kpi.day_coverage.
-- Params:  audiences, counted_audiences (the same, with an asterisk for counts by sets without
--          versions), lowest_set, highest_set (which sets those are), broken_by (browser, version, os,
--          service, users or ''), first_day, last_day (UTC dates, both included), with_incomplete (0 or
--          1), and the filter's.
-- Note:    multi- and single-device counts are absent where too few users had a device on a day of their
--          device window; those of users with a device, where that was never counted.
-- Note:    counts are absent (NULL) where a day of their window isn't loaded. The seven-day sum and the
--          number of its days stand apart, so that the ratio is computed in one place.
-- Source:  specification, "Engagement Ratio"; design, sections 3 and 4.
WITH picked_segment AS (
  SELECT
    g.segment_id,
    CASE CAST(:broken_by AS VARCHAR(16))
      {{ segment_tags }}
      ELSE ''
    END AS broken_by
  FROM kpi.segment AS g
  WHERE
    {{ filter }}
),
picked_set AS (
  SELECT DISTINCT m.set_id, p.broken_by
  FROM kpi.segment_set_member AS m
  INNER JOIN picked_segment AS p ON p.segment_id = m.segment_id
  WHERE m.set_id >= :lowest_set AND m.set_id <= :highest_set
),
daily AS (
  SELECT p.broken_by, REPLACE(d.audience, '*', '') AS audience, d.day, SUM(d.users) AS users
  FROM kpi.daily_users AS d
  INNER JOIN picked_set AS p ON p.set_id = d.set_id
  WHERE d.audience IN :counted_audiences
  GROUP BY p.broken_by, d.audience, d.day
),
monthly AS (
  SELECT p.broken_by, REPLACE(c.audience, '*', '') AS audience, c.day, SUM(c.change) AS change
  FROM kpi.monthly_users_change AS c
  INNER JOIN picked_set AS p ON p.set_id = c.set_id
  WHERE c.audience IN :counted_audiences
  GROUP BY p.broken_by, c.audience, c.day
),
calendar AS (
  SELECT
    s.day,
    CASE WHEN s.loaded = 1 AND (s.complete = 1 OR :with_incomplete = 1) THEN 1 ELSE 0 END AS counted,
    CASE WHEN v.day IS NULL THEN 0 ELSE 1 END AS covered,
    COALESCE(v.days_since_low_coverage, 999) AS days_since_low
  FROM kpi.day_status AS s
  LEFT JOIN kpi.day_coverage AS v ON v.day = s.day
  WHERE s.type = '(all)'
),
known_audience AS (
  SELECT CAST('active' AS VARCHAR(16)) AS audience, 0 AS device_window, 0 AS needs_coverage
  UNION ALL SELECT CAST('with_device' AS VARCHAR(16)), 0, 1
  UNION ALL SELECT CAST('single_device_5' AS VARCHAR(16)), 5, 0
  UNION ALL SELECT CAST('multi_device_3' AS VARCHAR(16)), 3, 0
  UNION ALL SELECT CAST('multi_device_5' AS VARCHAR(16)), 5, 0
  UNION ALL SELECT CAST('multi_device_7' AS VARCHAR(16)), 7, 0
  UNION ALL SELECT CAST('multi_device_14' AS VARCHAR(16)), 14, 0
),
found AS (
  SELECT broken_by FROM monthly
  UNION
  SELECT CAST('' AS VARCHAR(16)) AS broken_by
  WHERE CAST(:broken_by AS VARCHAR(16)) = ''
),
breakdown AS (
  SELECT f.broken_by, a.audience, a.device_window, a.needs_coverage
  FROM found AS f
  CROSS JOIN known_audience AS a
  WHERE a.audience IN :audiences
),
filled AS (
  SELECT
    b.broken_by,
    b.audience,
    y.day,
    CASE
      WHEN y.days_since_low >= b.device_window AND y.covered >= b.needs_coverage THEN y.counted
      ELSE 0
    END AS counted,
    COALESCE(d.users, 0) AS users,
    COALESCE(m.change, 0) AS change
  FROM breakdown AS b
  CROSS JOIN calendar AS y
  LEFT JOIN daily AS d ON d.broken_by = b.broken_by AND d.audience = b.audience AND d.day = y.day
  LEFT JOIN monthly AS m ON m.broken_by = b.broken_by AND m.audience = b.audience AND m.day = y.day
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
  CASE WHEN week_days = 7 THEN week_users END AS week_users,
  CASE WHEN month_days = 28 THEN month_users END AS monthly_users
FROM windowed
WHERE day >= :first_day AND day <= :last_day
ORDER BY broken_by, audience, day
