-- beginning: the first publication of the history, when it was built, and why there are none before it.
-- Grain:   one row.
SELECT b.publication_id, p.built_at, b.reason
FROM history.beginning AS b
CROSS JOIN (SELECT MIN(built_at) AS built_at FROM history.past_publication) AS p
