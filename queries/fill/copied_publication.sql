-- copied_publication: the store and the publication that a local copy is of.
-- Grain:   one row.
-- Params:  store (a digest of the server's address), publication, notes (keys of the server's state).
INSERT INTO kpi.copied_publication (store, publication, notes) VALUES (:store, :publication, :notes);
