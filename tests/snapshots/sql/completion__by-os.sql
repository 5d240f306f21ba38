-- completion: of the attempts begun on a UTC day, how many became ready, ever and within seconds.
-- Grain:   one row per (broken_by, day) with an attempt begun.
-- Reads:   kpi.connection, kpi.segment.
-- Params:  broken_by (browser, version, os, service, users, region, context, entrypoint, campaign,
--          migration or ''), first_day, last_day, any_devices, multi_device, point_days (1, 7 or 28),
--          and the filter's.
-- Note:    an attempt without sequence.begin has no day begun and isn't counted.
-- Note:    days are pooled under the last of point_days, which are counted from Monday, 5 Jan 1970 on.
-- Source:  specification, "Time taken to connect a device"; design, section 3.
SELECT
  CASE CAST('os' AS VARCHAR(16))
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
  c.day_begun
    + CAST(1 - 1 - MOD(c.day_begun - CAST('1970-01-05' AS DATE), 1) AS INTEGER)
    AS day,
  COUNT(*) AS begun,
  SUM(c.ready) AS completed,
  SUM(CASE WHEN c.ready_ms <= 5000 THEN 1 ELSE 0 END) AS within_5_seconds,
  SUM(CASE WHEN c.ready_ms <= 10000 THEN 1 ELSE 0 END) AS within_10_seconds,
  SUM(CASE WHEN c.ready_ms <= 30000 THEN 1 ELSE 0 END) AS within_30_seconds,
  SUM(CASE WHEN c.ready_ms <= 60000 THEN 1 ELSE 0 END) AS within_60_seconds
FROM kpi.connection AS c
INNER JOIN kpi.segment AS g ON g.segment_id = c.segment_id
WHERE
  c.day_begun >= '1970-01-01'
  AND c.day_begun <= '9999-01-01'
  AND (1 = 1 OR c.multi_device = 0)
GROUP BY 1, 2
ORDER BY 1, 2;
