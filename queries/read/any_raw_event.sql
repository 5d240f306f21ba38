-- any_raw_event: more than 0 where the raw table that events come from holds any.
SELECT COUNT(*) AS rows_present
FROM (SELECT 1 AS any_row FROM events.event LIMIT 1) AS anything
