-- steps: how many of the attempts begun on a UTC day reached each step, and the median time to it.
-- Grain:   one row per (broken_by, day, step) that an attempt begun that day reached.
-- Reads:   kpi.connection, kpi.segment.
-- Params:  broken_by (browser, version, os, service, users, region, context, entrypoint, campaign,
--          migration or ''), first_day, last_day, any_devices, multi_device, point_days (1, 7 or 28),
--          and the filter's.
-- Note:    days are pooled under the last of point_days, which are counted from Monday, 5 Jan 1970 on.
-- Note:    one median a group, since Redshift sorts a group by one expression only.
-- Source:  specification, "Time taken to connect a device"; design, section 6.
WITH attempt AS (
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
    c.day_begun
      + CAST(1 - 1 - MOD(c.day_begun - CAST('1970-01-05' AS DATE), 1) AS INTEGER)
      AS day,
    c.sequence_begin_ms,
    c.account_created_ms,
    c.account_login_ms,
    c.account_verified_ms,
    c.device_created_ms,
    c.device_connected_ms
  FROM kpi.connection AS c
  INNER JOIN kpi.segment AS g ON g.segment_id = c.segment_id
  WHERE
    c.day_begun >= '1970-01-01'
    AND c.day_begun <= '9999-01-01'
    AND (1 = 1 OR c.multi_device = 0)
),
step AS (
  SELECT CAST('sequence.begin' AS VARCHAR(16)) AS step
  UNION ALL
  SELECT CAST('account.created' AS VARCHAR(16)) AS step
  UNION ALL
  SELECT CAST('account.login' AS VARCHAR(16)) AS step
  UNION ALL
  SELECT CAST('account.verified' AS VARCHAR(16)) AS step
  UNION ALL
  SELECT CAST('device.created' AS VARCHAR(16)) AS step
  UNION ALL
  SELECT CAST('device.connected' AS VARCHAR(16)) AS step
),
taken AS (
  SELECT
    a.broken_by,
    a.day,
    s.step,
    CASE s.step
      WHEN 'sequence.begin' THEN a.sequence_begin_ms
      WHEN 'account.created' THEN a.account_created_ms
      WHEN 'account.login' THEN a.account_login_ms
      WHEN 'account.verified' THEN a.account_verified_ms
      WHEN 'device.created' THEN a.device_created_ms
      WHEN 'device.connected' THEN a.device_connected_ms
    END AS ms
  FROM attempt AS a
  CROSS JOIN step AS s
)
SELECT
  broken_by,
  day,
  step,
  COUNT(ms) AS reached,
  PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY ms) AS median_ms
FROM taken
WHERE ms IS NOT NULL
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3;
