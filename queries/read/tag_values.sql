-- tag_values: the values each filter can take, with the users of the last counted 28 days behind each.
-- Grain:   one row per (tag, found).
-- Reads:   kpi.segment, kpi.segment_set_member, kpi.monthly_users_change.
-- Note:    users overlap between values, so shares don't add up to one.
WITH standing AS (
  SELECT set_id, SUM(change) AS users
  FROM kpi.monthly_users_change
  WHERE audience = 'active'
  GROUP BY set_id
  HAVING SUM(change) <> 0
),
tag_segment AS (
  SELECT 'browser' AS tag, browser AS found, segment_id FROM kpi.segment
  UNION ALL
  SELECT 'version' AS tag, version AS found, segment_id FROM kpi.segment
  UNION ALL
  SELECT 'os' AS tag, os AS found, segment_id FROM kpi.segment
  UNION ALL
  SELECT 'service' AS tag, service AS found, segment_id FROM kpi.segment
),
tag_set AS (
  SELECT DISTINCT t.tag, t.found, m.set_id
  FROM tag_segment AS t
  INNER JOIN kpi.segment_set_member AS m ON m.segment_id = t.segment_id
)
SELECT
  t.tag,
  t.found,
  COALESCE(SUM(s.users), 0) AS users
FROM (SELECT DISTINCT tag, found FROM tag_segment) AS t
LEFT JOIN tag_set AS x ON x.tag = t.tag AND x.found = t.found
LEFT JOIN standing AS s ON s.set_id = x.set_id
GROUP BY t.tag, t.found
ORDER BY t.tag, users DESC, t.found
