-- unfollowed_days: the days whose events are left, though nobody was followed on them from set to set when they
-- were counted; their first and last, the number of their days and events, and the first whose moves can be
-- counted.
-- Grain:   one row.
-- Reads:   kpi.day_status, kpi.followed_from.
-- Params:  first_retained (UTC date).
-- Note:    moves begin in the sets of the day before, which 28 days of events say.
SELECT
  MIN(s.day) AS first_day,
  MAX(s.day) AS last_day,
  COUNT(*) AS days,
  COALESCE(SUM(s.events), 0) AS events,
  MIN(CASE WHEN s.day >= CAST(:first_retained AS DATE) + 28 THEN s.day END) AS first_move
FROM kpi.day_status AS s
WHERE
  s.type = '(all)'
  AND s.loaded = 1
  AND s.day >= :first_retained
  AND NOT EXISTS (SELECT 1 FROM kpi.followed_from WHERE first_day <= :first_retained)
