-- period_distribution: the attempts of a period by how soon each became ready.
-- Grain:   one row per (new_account, within_ms); within_ms is NULL for attempts that never did.
-- Reads:   kpi.connection, kpi.segment, kpi.day_status, kpi.day_coverage.
-- Params:  by_day_ready (1: the attempts that became ready in the period; 0: those begun in it),
--          first_day, last_day (UTC dates, both included), with_incomplete (0 or 1), any_devices,
--          multi_device, and the filter's.
-- Note:    times are rounded up to two digits, so that the sums up to each of them are exact; 5, 10, 30
--          and 60 seconds are among them.
-- Note:    with a filter of devices, days near a day of too few users with a device don't count.
-- Source:  specification, "Time taken to connect a device"; design, section 3.
SELECT
  c.new_account,
  CAST(
    CASE
      WHEN c.ready_ms <= 1000 THEN CEIL(c.ready_ms / 10.0) * 10
      WHEN c.ready_ms <= 10000 THEN CEIL(c.ready_ms / 100.0) * 100
      WHEN c.ready_ms <= 100000 THEN CEIL(c.ready_ms / 1000.0) * 1000
      WHEN c.ready_ms <= 1000000 THEN CEIL(c.ready_ms / 10000.0) * 10000
      WHEN c.ready_ms <= 10000000 THEN CEIL(c.ready_ms / 100000.0) * 100000
      WHEN c.ready_ms <= 100000000 THEN CEIL(c.ready_ms / 1000000.0) * 1000000
      ELSE CEIL(c.ready_ms / 10000000.0) * 10000000
    END AS BIGINT
  ) AS within_ms,
  COUNT(*) AS attempts
FROM kpi.connection AS c
INNER JOIN kpi.segment AS g ON g.segment_id = c.segment_id
INNER JOIN kpi.day_status AS y
  ON y.type = '(all)' AND y.day = CASE WHEN 0 = 1 THEN c.day_ready ELSE c.day_begun END AND y.loaded = 1 AND (y.complete = 1 OR 0 = 1)
LEFT JOIN kpi.day_coverage AS v ON v.day = y.day
WHERE
  CASE WHEN 0 = 1 THEN c.day_ready ELSE c.day_begun END >= '1970-01-01'
  AND CASE WHEN 0 = 1 THEN c.day_ready ELSE c.day_begun END <= '9999-01-01'
  AND (
    0 = 1
    OR (c.multi_device = 1 AND COALESCE(v.days_since_low_coverage, 999) >= 5)
  )
GROUP BY 1, 2
ORDER BY 1, 2;
