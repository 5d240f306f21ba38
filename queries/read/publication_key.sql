-- publication_key: what differs whenever anything that pages read may differ.
-- Grain:   one row, or none before the first publication.
SELECT
  p.publication_id,
  p.built_at,
  (SELECT COUNT(*) FROM kpi.baseline) AS baselines
FROM kpi.publication AS p
