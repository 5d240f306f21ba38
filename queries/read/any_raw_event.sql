-- any_raw_event: whether the raw table that events come from holds any.
SELECT COUNT(*) AS found
FROM (SELECT 1 AS one FROM events.event LIMIT 1) AS anything
