-- event_count: how many events stand.
SELECT COUNT(*) AS events
FROM events.event
