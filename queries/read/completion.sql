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
  CASE CAST(:broken_by AS VARCHAR(16))
    {{ attempt_tags }}
    ELSE ''
  END AS broken_by,
  c.day_begun
    + CAST(:point_days - 1 - MOD(c.day_begun - CAST('1970-01-05' AS DATE), :point_days) AS INTEGER)
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
  c.day_begun >= :first_day
  AND c.day_begun <= :last_day
  AND (:any_devices = 1 OR c.multi_device = :multi_device)
  {{ filter }}
  {{ attempt_filter }}
GROUP BY 1, 2
ORDER BY 1, 2
