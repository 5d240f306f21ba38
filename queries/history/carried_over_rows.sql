-- carried_over_rows: the rows that the history before has of a table, its publications folded.
-- Reads:   earlier.$table, folded, history.appended.
-- Names:   table; part, key (expressions over each).
-- Note:    rows of keys that are new in the publication that they are folded into don't matter any more.
INSERT INTO history.$table
SELECT r.publication_id, CAST(SUM(r.copies) AS INTEGER), r.each
FROM (
  SELECT f.into_id AS publication_id, h.copies, $part AS part, $key AS key, h.each
  FROM earlier.$table AS h
  INNER JOIN folded AS f ON f.publication_id = h.publication_id
) AS r
ANTI JOIN history.appended AS a
  ON a.table_name = '$table' AND a.publication_id = r.publication_id AND a.part = r.part
  AND r.key >= a.first_key AND r.key <= a.last_key
GROUP BY r.publication_id, r.each
HAVING SUM(r.copies) <> 0
ORDER BY r.publication_id, r.each
