-- picked_set: the sets that hold a segment of the filter, by the values of the breakdown.
picked_set AS (
  SELECT DISTINCT
    m.set_id,
    CASE CAST(:broken_by AS VARCHAR(16))
      {{ segment_tags }}
      ELSE ''
    END AS broken_by
  FROM kpi.segment_set_member AS m
  INNER JOIN kpi.segment AS g ON g.segment_id = m.segment_id
  WHERE
    m.set_id >= :lowest_set
    AND m.set_id <= :highest_set
    {{ filter }}
),
