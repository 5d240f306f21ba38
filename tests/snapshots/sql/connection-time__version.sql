-- connection_time: attempts that became ready and the quartiles of their times, per UTC day ready.
-- Grain:   one row per (broken_by, new_account, day) with a connection.
-- Reads:   kpi.connection, kpi.segment.
-- Params:  broken_by (browser, version, os, service, users, region, context, entrypoint, campaign,
--          migration or ''), first_day, last_day, any_devices, multi_device, point_days (1, 7 or 28),
--          and the filter's.
-- Note:    days are pooled under the last of point_days, which are counted from Monday, 5 Jan 1970 on.
-- Source:  specification, "Time taken to connect a device"; design, section 3.
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
  c.new_account,
  c.day_ready
    + CAST(1 - 1 - MOD(c.day_ready - CAST('1970-01-05' AS DATE), 1) AS INTEGER)
    AS day,
  COUNT(*) AS connections,
  PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY c.ready_ms) AS p25_ms,
  PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY c.ready_ms) AS median_ms,
  PERCENTILE_CONT(0.75) WITHIN GROUP (ORDER BY c.ready_ms) AS p75_ms
FROM kpi.connection AS c
INNER JOIN kpi.segment AS g ON g.segment_id = c.segment_id
WHERE
  c.day_ready >= '1970-01-01'
  AND c.day_ready <= '9999-01-01'
  AND (1 = 1 OR c.multi_device = 0)
  AND g.browser IN ('Firefox')
  AND g.version IN ('41', '42')
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3;
