-- current_loads: the loads that have this name and haven't been replaced or removed.
-- Params:  source.
SELECT load_id
FROM events.load
WHERE source = :source AND status = 'loaded'
