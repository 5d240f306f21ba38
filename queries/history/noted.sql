-- noted: a table's new ranges of keys in a publication, and its rows and hash where anything differs.
-- Reads:   appended_key, changed_row, after_block (of queries/history/changes.sql).
-- Params:  publication_id, table_name, anew (1: the history begins with this publication).
INSERT INTO history.appended (publication_id, table_name, part, first_key, last_key)
SELECT :publication_id, :table_name, part, first_key, last_key
FROM appended_key
WHERE :anew = 0
ORDER BY part, first_key;

INSERT INTO history.past_table (publication_id, table_name, row_count, row_hash)
SELECT
  :publication_id,
  :table_name,
  COALESCE(SUM(row_count), 0),
  CAST(COALESCE(SUM(row_hash), 0) % 9223372036854775807 AS BIGINT)
FROM after_block
WHERE
  :anew = 1
  OR EXISTS (SELECT 1 FROM appended_key)
  OR EXISTS (SELECT 1 FROM changed_row)
HAVING
  :anew = 1
  OR EXISTS (SELECT 1 FROM appended_key)
  OR EXISTS (SELECT 1 FROM changed_row)
