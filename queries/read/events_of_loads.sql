-- events_of_loads: how many events these loads brought.
-- Params:  load_ids.
SELECT COUNT(*) AS events
FROM events.event
WHERE load_id IN :load_ids
