-- retained_row: a table's rows in the history before, under the publications that they are folded into.
-- Reads:   undone_row, folded, history.appended.
-- Params:  table_name.
-- Note:    rows of keys that are new in the publication that they are folded into don't matter any more.
CREATE OR REPLACE TEMPORARY TABLE retained_row AS
SELECT publication_id, copies, each
FROM (
  SELECT f.into_id AS publication_id, r.part, r.key, r.each, CAST(SUM(r.copies) AS INTEGER) AS copies
  FROM undone_row AS r
  INNER JOIN folded AS f ON f.publication_id = r.publication_id
  GROUP BY ALL
  HAVING SUM(r.copies) <> 0
) AS r
ANTI JOIN history.appended AS a
  ON a.table_name = :table_name
  AND a.publication_id = r.publication_id
  AND a.part = r.part
  AND r.key >= a.first_key
  AND r.key <= a.last_key
ORDER BY publication_id, each
