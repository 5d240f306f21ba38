-- steps: how many of the attempts begun on a UTC day reached each step, and the median time to it.
-- Grain:   one row per (broken_by, day) with an attempt begun; a pair of columns for each step.
-- Reads:   kpi.connection, kpi.segment.
-- Params:  broken_by (browser, version, os, service, users, region, context, entrypoint, campaign,
--          migration or ''), first_day, last_day, any_devices, multi_device, weekly (0 or 1), and
--          the filter's.
-- Note:    weekly pools the attempts of a Monday to Sunday under its Sunday.
-- Source:  specification, "Time taken to connect a device"; design, section 6.
SELECT
  CASE CAST(:broken_by AS VARCHAR(16))
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
  CASE
    WHEN :weekly = 1
      THEN c.day_begun + CAST(6 - MOD(c.day_begun - CAST('1970-01-05' AS DATE), 7) AS INTEGER)
    ELSE c.day_begun
  END AS day,
  COUNT(c.sequence_begin_ms) AS sequence_begin_reached,
  PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY c.sequence_begin_ms) AS sequence_begin_ms,
  COUNT(c.account_created_ms) AS account_created_reached,
  PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY c.account_created_ms) AS account_created_ms,
  COUNT(c.account_login_ms) AS account_login_reached,
  PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY c.account_login_ms) AS account_login_ms,
  COUNT(c.account_verified_ms) AS account_verified_reached,
  PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY c.account_verified_ms) AS account_verified_ms,
  COUNT(c.device_created_ms) AS device_created_reached,
  PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY c.device_created_ms) AS device_created_ms,
  COUNT(c.device_connected_ms) AS device_connected_reached,
  PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY c.device_connected_ms) AS device_connected_ms
FROM kpi.connection AS c
INNER JOIN kpi.segment AS g ON g.segment_id = c.segment_id
WHERE
  c.day_begun >= :first_day
  AND c.day_begun <= :last_day
  AND (:any_devices = 1 OR c.multi_device = :multi_device)
  AND (:any_browser = 1 OR g.browser IN :browser)
  AND g.browser NOT IN :not_browser
  AND (:any_version = 1 OR g.version IN :version)
  AND g.version NOT IN :not_version
  AND (:any_os = 1 OR g.os IN :os)
  AND g.os NOT IN :not_os
  AND (:any_service = 1 OR g.service IN :service)
  AND g.service NOT IN :not_service
  AND (:any_users = 1 OR g.new_user = :new_user)
GROUP BY 1, 2
ORDER BY 1, 2
