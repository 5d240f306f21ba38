-- groups_of_sets: the counts of counted_set by the values of each tag that people used, in the spans of
-- whole_span; of each tag and length of spans, users beyond the largest groups are together in group 0.
asked_tag AS (
  SELECT broken_by
  FROM (
    SELECT CAST('browser' AS VARCHAR(16)) AS broken_by
    UNION ALL SELECT CAST('version' AS VARCHAR(16))
    UNION ALL SELECT CAST('os' AS VARCHAR(16))
    UNION ALL SELECT CAST('service' AS VARCHAR(16))
    UNION ALL SELECT CAST('users' AS VARCHAR(16))
  ) AS every_tag
  WHERE broken_by IN :tags
),
tag_segment AS (
  SELECT
    t.broken_by,
    g.segment_id,
    g.segment_key,
    CASE t.broken_by
      {{ segment_tags }}
    END AS tag_value
  FROM kpi.segment AS g
  CROSS JOIN asked_tag AS t
),
keyed_segment AS (
  SELECT broken_by, segment_id, MIN(segment_key) OVER (PARTITION BY broken_by, tag_value) AS value_key
  FROM tag_segment
),
value_of_set AS (
  SELECT DISTINCT k.broken_by, c.set_id, k.value_key
  FROM (SELECT DISTINCT set_id FROM counted_set) AS c
  INNER JOIN kpi.segment_set_member AS m ON m.set_id = c.set_id
  INNER JOIN keyed_segment AS k ON k.segment_id = m.segment_id
),
keyed_set AS (
  SELECT broken_by, set_id, SUM(value_key) AS group_key
  FROM value_of_set
  GROUP BY broken_by, set_id
),
set_group AS (
  SELECT broken_by, set_id, MIN(set_id) OVER (PARTITION BY broken_by, group_key) AS group_id
  FROM keyed_set
),
counted_group AS (
  SELECT
    s.broken_by,
    c.days_together,
    c.last_day,
    s.group_id,
    SUM(c.users) AS users,
    SUM(c.active_users) AS active_users,
    SUM(c.amount) AS amount,
    SUM(c.amount_squared) AS amount_squared
  FROM counted_set AS c
  INNER JOIN set_group AS s ON s.set_id = c.set_id
  GROUP BY s.broken_by, c.days_together, c.last_day, s.group_id
),
sized_group AS (
  SELECT broken_by, days_together, group_id, SUM(users) AS users
  FROM counted_group
  GROUP BY broken_by, days_together, group_id
),
ranked_group AS (
  SELECT
    broken_by,
    days_together,
    group_id,
    RANK() OVER (PARTITION BY broken_by, days_together ORDER BY users DESC)
    + COUNT(*) OVER (PARTITION BY broken_by, days_together, users) - 1 AS place
  FROM sized_group
),
shown_group AS (
  SELECT
    c.broken_by,
    c.days_together,
    c.last_day,
    CASE WHEN r.place <= :most_groups THEN c.group_id ELSE 0 END AS group_id,
    SUM(c.users) AS users,
    SUM(c.active_users) AS active_users,
    SUM(c.amount) AS amount,
    SUM(c.amount_squared) AS amount_squared
  FROM counted_group AS c
  INNER JOIN ranked_group AS r
    ON r.broken_by = c.broken_by AND r.days_together = c.days_together AND r.group_id = c.group_id
  GROUP BY 1, 2, 3, 4
)
SELECT
  t.broken_by,
  w.days_together,
  w.last_day,
  COALESCE(g.group_id, 0) AS group_id,
  COALESCE(g.users, 0) AS users,
  COALESCE(g.active_users, 0) AS active_users,
  COALESCE(g.amount, 0) AS amount,
  COALESCE(g.amount_squared, 0) AS amount_squared
FROM whole_span AS w
CROSS JOIN asked_tag AS t
LEFT JOIN shown_group AS g
  ON g.broken_by = t.broken_by AND g.days_together = w.days_together AND g.last_day = w.last_day
ORDER BY 1, 2, 3, 4
