-- publication: what was built, when and by which definitions.
-- Grain:   one row.
-- Params:  publication_id, built_at, schema_version, definitions, simulated.
DELETE FROM kpi.publication;

INSERT INTO kpi.publication (publication_id, built_at, schema_version, definitions, simulated)
VALUES (:publication_id, :built_at, :schema_version, :definitions, :simulated);
