-- last_load: the number of the newest load, 0 before the first, and how many loads there are.
SELECT COALESCE(MAX(load_id), 0) AS load_id, COUNT(*) AS loads
FROM events.load
