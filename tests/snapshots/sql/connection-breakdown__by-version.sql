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
  CASE CAST('version' AS VARCHAR(16))
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
