-- compared: the tables whose rows differ from those that the history has of a publication.
-- Grain:   one row per table that differs.
-- Reads:   after_row, history.past_table, history.past_publication.
-- Params:  publication_id.
-- Note:    a hash of another version of the engine isn't compared.
SELECT t.table_name
FROM (
  SELECT table_name, row_count, row_hash, publication_id
  FROM history.past_table
  WHERE publication_id <= :publication_id
  QUALIFY ROW_NUMBER() OVER (PARTITION BY table_name ORDER BY publication_id DESC) = 1
) AS t
INNER JOIN history.past_publication AS p ON p.publication_id = t.publication_id
LEFT JOIN (
  SELECT
    table_name,
    COUNT(*) AS row_count,
    CAST(SUM(row_hash) % 9223372036854775807 AS BIGINT) AS row_hash
  FROM after_row
  GROUP BY table_name
) AS n ON n.table_name = t.table_name
WHERE
  COALESCE(n.row_count, 0) <> t.row_count
  OR (COALESCE(n.row_hash, 0) <> t.row_hash AND p.engine = VERSION())
ORDER BY t.table_name
