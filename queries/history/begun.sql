-- begun: the history begins with a publication.
-- Params:  publication_id, reason (why no earlier publication can be given back).
INSERT INTO history.beginning (publication_id, reason)
VALUES (:publication_id, :reason)
