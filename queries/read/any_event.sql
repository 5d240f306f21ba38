-- any_event: more than 0 once anything was loaded.
SELECT COUNT(*) AS rows_present
FROM (
  SELECT load_id FROM events.load
  UNION ALL
  SELECT load_id FROM (SELECT load_id FROM events.event LIMIT 1) AS any_row
) AS anything
