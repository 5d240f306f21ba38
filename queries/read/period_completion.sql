-- period_completion: of the attempts begun in a period, how many became ready, ever and within seconds.
-- Grain:   one row per broken_by with an attempt begun.
-- Reads:   kpi.connection, kpi.segment, kpi.day_status, kpi.day_coverage.
-- Params:  broken_by (browser, version, os, service, users, region, context, entrypoint, campaign,
--          migration or ''), first_day, last_day (UTC dates, both included), with_incomplete (0 or 1),
--          any_devices, multi_device, and the filter's.
-- Note:    days that aren't complete don't count; an attempt without sequence.begin has no day begun.
-- Note:    with a filter of devices, days near a day of too few users with a device don't count.
-- Source:  specification, "Time taken to connect a device"; design, section 3.
SELECT
  CASE CAST(:broken_by AS VARCHAR(16))
    {{ attempt_tags }}
    ELSE ''
  END AS broken_by,
  COUNT(*) AS begun,
  SUM(c.ready) AS completed,
  SUM(CASE WHEN c.ready_ms <= 5000 THEN 1 ELSE 0 END) AS within_5_seconds,
  SUM(CASE WHEN c.ready_ms <= 10000 THEN 1 ELSE 0 END) AS within_10_seconds,
  SUM(CASE WHEN c.ready_ms <= 30000 THEN 1 ELSE 0 END) AS within_30_seconds,
  SUM(CASE WHEN c.ready_ms <= 60000 THEN 1 ELSE 0 END) AS within_60_seconds
FROM kpi.connection AS c
INNER JOIN kpi.segment AS g ON g.segment_id = c.segment_id
INNER JOIN kpi.day_status AS y
  ON y.type = '(all)' AND y.day = c.day_begun AND y.loaded = 1 AND (y.complete = 1 OR :with_incomplete = 1)
LEFT JOIN kpi.day_coverage AS v ON v.day = y.day
WHERE
  c.day_begun >= :first_day
  AND c.day_begun <= :last_day
  AND {{ known_devices }}
  {{ filter }}
  {{ attempt_filter }}
GROUP BY 1
ORDER BY 1
