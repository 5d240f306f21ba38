-- values_of_sets: the values of a tag in some sets of segments.
-- Grain:   one row per (set_id, tag_value).
-- Reads:   kpi.segment, kpi.segment_set_member.
-- Params:  broken_by (browser, version, os, service or users), sets (their numbers).
-- Source:  design, section 6 (moved).
SELECT DISTINCT
  m.set_id,
  CASE CAST(:broken_by AS VARCHAR(16))
    {{ segment_tags }}
  END AS tag_value
FROM kpi.segment_set_member AS m
INNER JOIN kpi.segment AS g ON g.segment_id = m.segment_id
WHERE m.set_id IN :sets
ORDER BY 1, 2
