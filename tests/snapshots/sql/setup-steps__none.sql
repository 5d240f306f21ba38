--          steps at one place are two ways to the same. 'step_before' is the latest other step that
--          the attempt had taken by then. One percentile a group, since Redshift wants one order.
-- Note:    with a filter of devices, days near a day of too few users with a device don't count.
-- Source:  specification, "Time taken to connect a device" (timing data for individual steps).
WITH attempt AS (
  SELECT
    c.sequence_begin_ms,
    c.account_created_ms,
    c.account_login_ms,
    c.device_created_ms,
    c.account_verified_ms,
    c.device_connected_ms,
    CASE
      WHEN c.device_connected_ms IS NOT NULL THEN 5
      WHEN c.account_verified_ms IS NOT NULL THEN 4
      WHEN c.device_created_ms IS NOT NULL THEN 3
      WHEN c.account_created_ms IS NOT NULL OR c.account_login_ms IS NOT NULL THEN 2
      ELSE 1
    END AS came_to
  FROM kpi.connection AS c
  INNER JOIN kpi.segment AS g ON g.segment_id = c.segment_id
  INNER JOIN kpi.day_status AS y
    ON y.type = '(all)' AND y.day = c.day_begun AND y.loaded = 1 AND (y.complete = 1 OR 0 = 1)
  LEFT JOIN kpi.day_coverage AS v ON v.day = y.day
  WHERE
    c.day_begun >= '1970-01-01'
    AND c.day_begun <= '9999-01-01'
    AND (
      1 = 1
      OR (c.multi_device = 0 AND COALESCE(v.days_since_low_coverage, 999) >= 5)
    )
),
step AS (
  SELECT 'sequence.begin' AS step, 1 AS place
  UNION ALL
  SELECT 'account.created' AS step, 2 AS place
  UNION ALL
  SELECT 'account.login' AS step, 2 AS place
  UNION ALL
  SELECT 'device.created' AS step, 3 AS place
  UNION ALL
  SELECT 'account.verified' AS step, 4 AS place
  UNION ALL
  SELECT 'device.connected' AS step, 5 AS place
),
taken AS (
  SELECT
    a.*,
    s.step,
    s.place,
    CASE s.step
      WHEN 'sequence.begin' THEN a.sequence_begin_ms
      WHEN 'account.created' THEN a.account_created_ms
      WHEN 'account.login' THEN a.account_login_ms
      WHEN 'device.created' THEN a.device_created_ms
      WHEN 'account.verified' THEN a.account_verified_ms
      WHEN 'device.connected' THEN a.device_connected_ms
    END AS ms
  FROM attempt AS a
  CROSS JOIN step AS s
),
timed AS (
  SELECT
    step,
    CASE WHEN came_to >= place THEN 1 ELSE 0 END AS came_this_far,
    ms,
    ms - GREATEST(
      CASE WHEN step <> 'sequence.begin' AND sequence_begin_ms <= ms THEN sequence_begin_ms END,
      CASE WHEN step <> 'account.created' AND account_created_ms <= ms THEN account_created_ms END,
      CASE WHEN step <> 'account.login' AND account_login_ms <= ms THEN account_login_ms END,
      CASE WHEN step <> 'device.created' AND device_created_ms <= ms THEN device_created_ms END,
      CASE WHEN step <> 'account.verified' AND account_verified_ms <= ms THEN account_verified_ms END,
      CASE WHEN step <> 'device.connected' AND device_connected_ms <= ms THEN device_connected_ms END
    ) AS since_step_before_ms
  FROM taken
),
measured AS (
  SELECT step, 'begin' AS timed_from, came_this_far, ms
  FROM timed
  UNION ALL
  SELECT step, 'step_before' AS timed_from, came_this_far, since_step_before_ms AS ms
  FROM timed
)
SELECT
  step,
  timed_from,
  SUM(came_this_far) AS came_this_far,
  COUNT(ms) AS reached,
  PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY ms) AS median_ms
FROM measured
GROUP BY 1, 2
ORDER BY 1, 2;
