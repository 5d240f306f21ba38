-- compared: a table's rows and hash as they are, beside those that the history has of a publication.
-- Grain:   one row.
-- Reads:   after_row, history.past_table, history.past_publication.
-- Params:  table_name, publication_id.
-- Note:    a hash of another version of the engine isn't compared.
SELECT
  t.row_count = n.row_count AND (t.row_hash = n.row_hash OR p.engine <> VERSION()) AS same
FROM history.past_table AS t
INNER JOIN history.past_publication AS p ON p.publication_id = t.publication_id
CROSS JOIN (
  SELECT
    COUNT(*) AS row_count,
    CAST(COALESCE(SUM(HASH(each)), 0) % 9223372036854775807 AS BIGINT) AS row_hash
  FROM after_row
) AS n
WHERE t.table_name = :table_name AND t.publication_id <= :publication_id
ORDER BY t.publication_id DESC
LIMIT 1
