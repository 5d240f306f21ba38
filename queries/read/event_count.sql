-- event_count: how many events are stored.
SELECT COUNT(*) AS events
FROM events.event
