-- tag_values: the values of each filter, with the users of the last counted 28 days behind each.
-- Grain:   one row per (tag, found); for versions also per browser, and with browser '' under any.
-- Reads:   kpi.segment, kpi.segment_set_member, kpi.monthly_users_change.
-- Note:    users overlap between values, so their shares of everyone don't add up to 100%.
WITH current_set AS (
  SELECT set_id, SUM(change) AS users
  FROM kpi.monthly_users_change
  WHERE audience = 'active'
  GROUP BY set_id
  HAVING SUM(change) <> 0
),
tag_segment AS (
  SELECT CAST('browser' AS VARCHAR(16)) AS "tag", CAST('' AS VARCHAR(256)) AS browser, browser AS found, segment_id FROM kpi.segment
  UNION ALL
  SELECT CAST('version' AS VARCHAR(16)) AS "tag", CAST('' AS VARCHAR(256)) AS browser, version AS found, segment_id FROM kpi.segment
  UNION ALL
  SELECT CAST('version' AS VARCHAR(16)) AS "tag", browser, version AS found, segment_id FROM kpi.segment
  UNION ALL
  SELECT CAST('os' AS VARCHAR(16)) AS "tag", CAST('' AS VARCHAR(256)) AS browser, os AS found, segment_id FROM kpi.segment
  UNION ALL
  SELECT CAST('service' AS VARCHAR(16)) AS "tag", CAST('' AS VARCHAR(256)) AS browser, service AS found, segment_id FROM kpi.segment
),
current_member AS (
  SELECT m.set_id, m.segment_id
  FROM kpi.segment_set_member AS m
  INNER JOIN current_set AS s ON s.set_id = m.set_id
),
tag_set AS (
  SELECT DISTINCT t."tag", t.browser, t.found, m.set_id
  FROM tag_segment AS t
  INNER JOIN current_member AS m ON m.segment_id = t.segment_id
)
SELECT
  t."tag",
  t.browser,
  t.found,
  COALESCE(SUM(s.users), 0) AS users,
  (SELECT COALESCE(SUM(users), 0) FROM current_set) AS everyone
FROM (SELECT DISTINCT "tag", browser, found FROM tag_segment) AS t
LEFT JOIN tag_set AS x ON x."tag" = t."tag" AND x.browser = t.browser AND x.found = t.found
LEFT JOIN current_set AS s ON s.set_id = x.set_id
GROUP BY t."tag", t.browser, t.found
ORDER BY t."tag", t.browser, users DESC, t.found
