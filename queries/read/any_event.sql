-- any_event: whether anything was ever loaded.
SELECT COUNT(*) AS found
FROM (
  SELECT load_id FROM events.load
  UNION ALL
  SELECT load_id FROM (SELECT load_id FROM events.event LIMIT 1) AS one
) AS anything
