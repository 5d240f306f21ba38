-- groups_of_sets: the sets of counted_set by the values of a tag that their people used, in the tables
-- set_group and ranked_group; users beyond the largest groups are together in group 0.
tag_segment AS (
  SELECT
    g.segment_id,
    g.segment_key,
    CASE CAST(:broken_by AS VARCHAR(16))
      {{ segment_tags }}
    END AS tag_value
  FROM kpi.segment AS g
),
keyed_segment AS (
  SELECT segment_id, MIN(segment_key) OVER (PARTITION BY tag_value) AS value_key
  FROM tag_segment
),
value_of_set AS (
  SELECT DISTINCT c.set_id, k.value_key
  FROM (SELECT DISTINCT set_id FROM counted_set) AS c
  INNER JOIN kpi.segment_set_member AS m ON m.set_id = c.set_id
  INNER JOIN keyed_segment AS k ON k.segment_id = m.segment_id
),
keyed_set AS (
  SELECT set_id, SUM(value_key) AS group_key
  FROM value_of_set
  GROUP BY set_id
),
set_group AS (
  SELECT set_id, MIN(set_id) OVER (PARTITION BY group_key) AS group_id
  FROM keyed_set
),
sized_group AS (
  SELECT s.group_id, SUM(c.users) AS users
  FROM counted_set AS c
  INNER JOIN set_group AS s ON s.set_id = c.set_id
  GROUP BY s.group_id
),
ranked_group AS (
  SELECT
    group_id,
    RANK() OVER (ORDER BY users DESC) + COUNT(*) OVER (PARTITION BY users) - 1 AS place
  FROM sized_group
),
