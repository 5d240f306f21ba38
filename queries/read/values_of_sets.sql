-- values_of_sets: the values of each tag in some sets of segments.
-- Grain:   one row per segment of a set.
-- Reads:   kpi.segment, kpi.segment_set_member.
-- Params:  sets (their numbers).
-- Source:  design, section 6 (moved).
SELECT
  m.set_id,
  g.browser,
  g.version,
  g.os,
  g.service,
  CASE WHEN g.new_user = 1 THEN 'new' ELSE 'existing' END AS users
FROM kpi.segment_set_member AS m
INNER JOIN kpi.segment AS g ON g.segment_id = m.segment_id
WHERE m.set_id IN :sets
ORDER BY 1, 2, 3, 4, 5, 6
