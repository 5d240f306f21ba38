-- put_back: the rows of a table as an earlier publication had them, for the keys whose rows differ.
-- Reads:   kpi.$table, history.$table; gone_key, undone_key, replaced_key (of queries/history/undo.sql).
-- Names:   table; part, key (expressions over each).
CREATE OR REPLACE TEMPORARY TABLE restored AS
SELECT r.each, SUM(r.copies) AS copies
FROM (
  SELECT 1 AS copies, $part AS part, $key AS key, each
  FROM kpi.$table AS each
  ANTI JOIN gone_key AS g ON g.table_name = '$table' AND g.part = $part AND g.key = $key
  UNION ALL
  SELECT h.copies, $part, $key, h.each
  FROM history.$table AS h
  INNER JOIN undone_key AS u
    ON u.table_name = '$table' AND u.part = $part AND u.key = $key
    AND u.publication_id = h.publication_id
) AS r
SEMI JOIN undone_key AS u ON u.table_name = '$table' AND u.part = r.part AND u.key = r.key
GROUP BY r.each
HAVING SUM(r.copies) <> 0;

DELETE FROM kpi.$table AS each
WHERE EXISTS (
  SELECT 1
  FROM replaced_key AS r
  WHERE r.table_name = '$table' AND r.part = $part AND r.key = $key
);

INSERT INTO kpi.$table
SELECT UNNEST(each)
FROM (
  SELECT each, UNNEST(RANGE(CAST(copies AS BIGINT)))
  FROM restored
)
ORDER BY ALL
