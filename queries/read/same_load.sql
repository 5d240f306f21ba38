-- same_load: the current load of a file of this content, if any.
-- Params:  sha256.
SELECT source
FROM events.load
WHERE sha256 = :sha256 AND status = 'loaded'
