-- unloaded: exactly what these loads brought is gone; the manifest says why.
-- Params:  load_ids, status ('replaced' or 'removed').
DELETE FROM events.event WHERE load_id IN :load_ids;

UPDATE events.load SET status = :status WHERE load_id IN :load_ids;
