-- period_time: quartiles of the times of all attempts that became ready in a period, pooled.
-- Grain:   one row per broken_by with a connection.
-- Reads:   kpi.connection, kpi.segment, kpi.day_status, kpi.day_coverage.
-- Params:  broken_by (browser, version, os, service, users, region, context, entrypoint, campaign,
--          migration or ''), first_day, last_day (UTC dates, both included), with_incomplete (0 or 1),
--          any_devices, multi_device, and the filter's.
-- Note:    over the attempts themselves: the median of a period is no mean of its days' medians.
-- Note:    with a filter of devices, days near a day of too few users with a device don't count.
-- Source:  specification, "Time taken to connect a device"; design, section 3.
SELECT
  CASE CAST(:broken_by AS VARCHAR(16))
    {{ attempt_tags }}
    ELSE ''
  END AS broken_by,
  COUNT(*) AS connections,
  PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY c.ready_ms) AS p25_ms,
  PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY c.ready_ms) AS median_ms,
  PERCENTILE_CONT(0.75) WITHIN GROUP (ORDER BY c.ready_ms) AS p75_ms
FROM kpi.connection AS c
INNER JOIN kpi.segment AS g ON g.segment_id = c.segment_id
INNER JOIN kpi.day_status AS y
  ON y.type = '(all)' AND y.day = c.day_ready AND y.loaded = 1 AND (y.complete = 1 OR :with_incomplete = 1)
LEFT JOIN kpi.day_coverage AS v ON v.day = y.day
WHERE
  c.day_ready >= :first_day
  AND c.day_ready <= :last_day
  AND {{ known_devices }}
  {{ filter }}
  {{ attempt_filter }}
GROUP BY 1
ORDER BY 1
