-- copied_publication: the store and the publication that a local copy is of, and the notes it has.
-- Grain:   one row.
SELECT store, publication, notes
FROM kpi.copied_publication
