-- connection_week_median: the median over all attempts that became ready in each week, pooled, by account.
--          Weeks are counted back from the last day, which ends week 0.
-- Grain:   one row per (week, new_account) with a connection.
-- Reads:   kpi.connection, kpi.segment, kpi.day_status, kpi.day_coverage.
-- Params:  first_day, last_day (UTC dates, both included), with_incomplete (0 or 1), any_devices,
--          multi_device, and the filter's.
-- Note:    with a filter of devices, days near a day of too few users with a device don't count.
-- Source:  specification, "Time taken to connect a device".
SELECT
  CAST(FLOOR((CAST('2016-03-27' AS DATE) - c.day_ready) / 7.0) AS INTEGER) AS week,
  c.new_account,
  COUNT(*) AS connections,
  PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY c.ready_ms) AS median_ms
FROM kpi.connection AS c
INNER JOIN kpi.segment AS g ON g.segment_id = c.segment_id
INNER JOIN kpi.day_status AS s ON s.day = c.day_ready
LEFT JOIN kpi.day_coverage AS v ON v.day = s.day
WHERE
  s.type = '(all)'
  AND s.loaded = 1
  AND (s.complete = 1 OR 0 = 1)
  AND c.day_ready >= '2015-11-02'
  AND c.day_ready <= '2016-03-27'
  AND (
    1 = 1
    OR (c.multi_device = 0 AND COALESCE(v.days_since_low_coverage, 999) >= 5)
  )
  AND (1 = 1 OR g.browser IN (''))
  AND g.browser NOT IN ('')
  AND (1 = 1 OR g.version IN (''))
  AND g.version NOT IN ('')
  AND (1 = 1 OR g.os IN (''))
  AND g.os NOT IN ('')
  AND (1 = 1 OR g.service IN (''))
  AND g.service NOT IN ('')
  AND (0 = 1 OR g.new_user = 1)
GROUP BY 1, 2
ORDER BY 1, 2;
