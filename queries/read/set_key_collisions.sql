-- set_key_collisions: the number of keys that more than one set of segments has; must be 0.
-- Reads:   set_step, kpi.segment_set, kpi.segment_set_member, kpi.segment, new_set.
-- Note:    a key is suspect when two sums of segment numbers meet under it, when it differs from what
--          is known, or when its members don't add up to it.
SELECT
  (
    SELECT COUNT(*)
    FROM set_step AS s
    INNER JOIN kpi.segment_set AS k ON k.set_key = s.set_key
    WHERE s.lowest_sum <> k.segment_id_sum OR s.highest_sum <> k.segment_id_sum
  ) + (
    SELECT COUNT(*)
    FROM (
      SELECT n.set_id
      FROM new_set AS n
      LEFT JOIN kpi.segment_set_member AS m ON m.set_id = n.set_id
      LEFT JOIN kpi.segment AS g ON g.segment_id = m.segment_id
      GROUP BY n.set_id, n.set_key
      HAVING COALESCE(SUM(g.segment_key), 0) <> n.set_key
    ) AS unfounded
  ) + (
    SELECT COUNT(*)
    FROM set_step AS s
    LEFT JOIN kpi.segment_set AS k ON k.set_key = s.set_key
    WHERE k.set_id IS NULL
  ) AS collisions
