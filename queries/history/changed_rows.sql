-- changed_rows: the rows of a table that the publication before had otherwise.
-- Grain:   one row per row that differs, with the number of copies that the publication before had more.
-- Reads:   before.$table, kpi.$table; bound, changed_block (of queries/history/changes.sql).
-- Names:   table; part, key (expressions over each), width (so many keys are a block).
-- Params:  publication_id.
INSERT INTO history.$table
SELECT CAST(:publication_id AS INTEGER), CAST(SUM(r.copies) AS INTEGER), r.each
FROM (
  SELECT 1 AS copies, $part AS part, $key AS key, each
  FROM before.$table AS each
  UNION ALL
  SELECT -1, $part, $key, each
  FROM kpi.$table AS each
) AS r
INNER JOIN bound AS b
  ON b.table_name = '$table' AND b.part = r.part AND r.key >= b.lowest AND r.key <= b.highest
SEMI JOIN changed_block AS c
  ON c.table_name = '$table' AND c.part = r.part AND c.block = CAST(FLOOR(r.key / $width) AS BIGINT)
GROUP BY r.each
HAVING SUM(r.copies) <> 0
ORDER BY r.each
