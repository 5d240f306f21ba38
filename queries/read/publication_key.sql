-- publication_key: what differs whenever anything that pages read may differ.
-- Grain:   one row, or none before the first publication.
SELECT publication_id, built_at
FROM kpi.publication
