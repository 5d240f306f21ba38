-- unfollowed_days: the days whose events are left, though nobody was followed on them from set to set when they
-- were counted; their first and last, the number of their days and events, and the first whose moves can be
-- counted.
-- Grain:   one row.
-- Reads:   kpi.day_status, kpi.followed_from.
-- Params:  first_retained (UTC date).
-- Note:    moves begin in the sets of the day before, which 28 days of events say, and which the counts before
--          it agree with where that day was loaded.
WITH status AS (
  SELECT day, events, loaded, LAG(loaded) OVER (ORDER BY day) AS loaded_before
  FROM kpi.day_status
  WHERE type = '(all)'
)
SELECT
  MIN(s.day) AS first_day,
  MAX(s.day) AS last_day,
  COUNT(*) AS days,
  COALESCE(SUM(s.events), 0) AS events,
  MIN(
    CASE
      WHEN s.day >= CAST(:first_retained AS DATE) + 28 AND COALESCE(s.loaded_before, 1) = 1 THEN s.day
    END
  ) AS first_move
FROM status AS s
CROSS JOIN kpi.followed_from AS f
WHERE s.loaded = 1 AND s.day >= :first_retained AND f.first_day > :first_retained
