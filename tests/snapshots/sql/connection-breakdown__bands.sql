-- period_attempts: of the attempts begun in a period, how many became ready, ever and within seconds; and the
-- quartiles of the times of all attempts that became ready in it, pooled.
-- Grain:   one row per broken_by with an attempt begun or ready.
-- Reads:   kpi.connection, kpi.segment, kpi.day_status, kpi.day_coverage.
-- Params:  broken_by (browser, version, os, service, users, region, context, entrypoint, campaign,
--          migration or ''), first_day, last_day (UTC dates, both included), with_incomplete (0 or 1),
--          any_devices, multi_device, and the filter's.
-- Note:    days that aren't complete don't count; an attempt without sequence.begin has no day begun.
-- Note:    over the attempts themselves: the median of a period is no mean of its days' medians.
-- Note:    with a filter of devices, days near a day of too few users with a device don't count.
-- Source:  specification, "Time taken to connect a device"; design, section 3.
WITH counted_day AS (
  SELECT y.day
  FROM kpi.day_status AS y
  LEFT JOIN kpi.day_coverage AS v ON v.day = y.day
  WHERE
    y.type = '(all)'
    AND y.loaded = 1
    AND (y.complete = 1 OR 0 = 1)
    AND y.day >= '1970-01-01'
    AND y.day <= '9999-01-01'
    AND (1 = 1 OR COALESCE(v.days_since_low_coverage, 999) >= 5)
)
SELECT
  CASE CAST('' AS VARCHAR(16))
    WHEN 'browser' THEN g.browser
    WHEN 'version' THEN g.version
    WHEN 'os' THEN g.os
    WHEN 'service' THEN g.service
    WHEN 'users' THEN CASE WHEN g.new_user = 1 THEN 'new' ELSE 'existing' END
    WHEN 'region' THEN COALESCE(c.region, '(none)')
    WHEN 'context' THEN COALESCE(c.context, '(none)')
    WHEN 'entrypoint' THEN COALESCE(c.entrypoint, '(none)')
    WHEN 'campaign' THEN COALESCE(c.campaign, '(none)')
    WHEN 'migration' THEN COALESCE(c.migration, '(none)')
    ELSE ''
  END AS broken_by,
  COUNT(b.day) AS begun,
  SUM(CASE WHEN b.day IS NOT NULL THEN c.ready ELSE 0 END) AS completed,
  SUM(CASE WHEN b.day IS NOT NULL AND c.ready_ms <= 5000 THEN 1 ELSE 0 END) AS within_5_seconds,
  SUM(CASE WHEN b.day IS NOT NULL AND c.ready_ms <= 10000 THEN 1 ELSE 0 END) AS within_10_seconds,
  SUM(CASE WHEN b.day IS NOT NULL AND c.ready_ms <= 30000 THEN 1 ELSE 0 END) AS within_30_seconds,
  SUM(CASE WHEN b.day IS NOT NULL AND c.ready_ms <= 60000 THEN 1 ELSE 0 END) AS within_60_seconds,
  COUNT(r.day) AS connections,
  PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY CASE WHEN r.day IS NOT NULL THEN c.ready_ms END) AS p25_ms,
  PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY CASE WHEN r.day IS NOT NULL THEN c.ready_ms END) AS median_ms,
  PERCENTILE_CONT(0.75) WITHIN GROUP (ORDER BY CASE WHEN r.day IS NOT NULL THEN c.ready_ms END) AS p75_ms
FROM kpi.connection AS c
INNER JOIN kpi.segment AS g ON g.segment_id = c.segment_id
LEFT JOIN counted_day AS b ON b.day = c.day_begun
LEFT JOIN counted_day AS r ON r.day = c.day_ready
WHERE
  (b.day IS NOT NULL OR r.day IS NOT NULL)
  AND (1 = 1 OR c.multi_device = 0)
GROUP BY 1
ORDER BY 1;

-- time_bands: the 95% intervals of the quartiles of attempts' times, as times of attempts, by rank.
-- Grain:   one row per (broken_by, new_account, day) with a connection.
-- Reads:   kpi.connection, kpi.segment, kpi.day_status, kpi.day_coverage.
-- Params:  broken_by (browser, version, os, service, users, region, context, entrypoint, campaign,
--          migration or ''), by_account (0: accounts together, under 0), point_days (1, 7, 28; 0: all of
--          the period), first_day, last_day (UTC dates, both included), with_incomplete (0 or 1), any_devices,
--          multi_device, and the filter's.
-- Note:    days are pooled under the last of point_days, which are counted from Monday, 5 Jan 1970 on; all
--          of a period under its first.
-- Note:    of n times the quartile q lies between those of rank floor(nq - s + c) and ceil(nq + s + c), where
--          s = 1.959964 * sqrt(nq(1-q)) and c = 0.5 + (1-2q) * 0.473576. For 6 to 20,000 times these hold
--          it with a chance of 95% or more, and are the binomial's own ranks in 99.5 of 100 cases. An end is
--          absent where no time has its rank: of few times.
-- Note:    with a filter of devices, days near a day of too few users with a device don't count.
-- Source:  design, section 9.
WITH attempt AS (
  SELECT
    CASE CAST('' AS VARCHAR(16))
      WHEN 'browser' THEN g.browser
      WHEN 'version' THEN g.version
      WHEN 'os' THEN g.os
      WHEN 'service' THEN g.service
      WHEN 'users' THEN CASE WHEN g.new_user = 1 THEN 'new' ELSE 'existing' END
      WHEN 'region' THEN COALESCE(c.region, '(none)')
      WHEN 'context' THEN COALESCE(c.context, '(none)')
      WHEN 'entrypoint' THEN COALESCE(c.entrypoint, '(none)')
      WHEN 'campaign' THEN COALESCE(c.campaign, '(none)')
      WHEN 'migration' THEN COALESCE(c.migration, '(none)')
      ELSE ''
    END AS broken_by,
    CASE WHEN 0 = 1 THEN c.new_account ELSE 0 END AS new_account,
    CASE
      WHEN 0 = 0 THEN CAST('1970-01-01' AS DATE)
      ELSE
        c.day_ready + CAST(
          0 - 1 - MOD(c.day_ready - CAST('1970-01-05' AS DATE), NULLIF(0, 0)) AS INTEGER
        )
    END AS day,
    c.ready_ms
  FROM kpi.connection AS c
  INNER JOIN kpi.segment AS g ON g.segment_id = c.segment_id
  INNER JOIN kpi.day_status AS y
    ON y.type = '(all)' AND y.day = c.day_ready AND y.loaded = 1 AND (y.complete = 1 OR 0 = 1)
  LEFT JOIN kpi.day_coverage AS v ON v.day = y.day
  WHERE
    c.day_ready >= '1970-01-01'
    AND c.day_ready <= '9999-01-01'
    AND (
      1 = 1
      OR (c.multi_device = 0 AND COALESCE(v.days_since_low_coverage, 999) >= 5)
    )
),
ranked AS (
  SELECT
    broken_by,
    new_account,
    day,
    ready_ms,
    ROW_NUMBER() OVER (PARTITION BY broken_by, new_account, day ORDER BY ready_ms) AS place,
    CAST(COUNT(*) OVER (PARTITION BY broken_by, new_account, day) AS DOUBLE PRECISION) AS n
  FROM attempt
),
bounded AS (
  SELECT
    broken_by,
    new_account,
    day,
    ready_ms,
    place,
    FLOOR(0.25 * n - 1.959964 * SQRT(0.1875 * n) + 0.736788) AS p25_from,
    CEIL(0.25 * n + 1.959964 * SQRT(0.1875 * n) + 0.736788) AS p25_to,
    FLOOR(0.5 * n - 1.959964 * SQRT(0.25 * n) + 0.5) AS median_from,
    CEIL(0.5 * n + 1.959964 * SQRT(0.25 * n) + 0.5) AS median_to,
    FLOOR(0.75 * n - 1.959964 * SQRT(0.1875 * n) + 0.263212) AS p75_from,
    CEIL(0.75 * n + 1.959964 * SQRT(0.1875 * n) + 0.263212) AS p75_to
  FROM ranked
)
SELECT
  broken_by,
  new_account,
  day,
  MAX(CASE WHEN place = p25_from THEN ready_ms END) AS p25_low_ms,
  MAX(CASE WHEN place = p25_to THEN ready_ms END) AS p25_high_ms,
  MAX(CASE WHEN place = median_from THEN ready_ms END) AS median_low_ms,
  MAX(CASE WHEN place = median_to THEN ready_ms END) AS median_high_ms,
  MAX(CASE WHEN place = p75_from THEN ready_ms END) AS p75_low_ms,
  MAX(CASE WHEN place = p75_to THEN ready_ms END) AS p75_high_ms
FROM bounded
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3;
