-- same_load: whether a file of this content stands.
-- Params:  sha256.
SELECT source
FROM events.load
WHERE sha256 = :sha256 AND status = 'loaded'
