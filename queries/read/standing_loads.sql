-- standing_loads: the loads that go by this name and haven't been replaced or removed.
-- Params:  source.
SELECT load_id
FROM events.load
WHERE source = :source AND status = 'loaded'
