-- changes: the differences of a table between a publication and the publication that it is made of.
-- Grain:   appended_key: one row per range of keys, none of which the table had before, in a part of the table;
--          changed_row: one row per row of other keys that the table had so many times more (copies above 0) or
--          less often (below 0) than now; after_block: one row per block of keys, with a hash of its rows.
-- Reads:   before_row, after_row: part, key, block (keys that are compared together) and each, a row as a whole.
-- Note:    rows of a new day, or of new sets, cost a range each. Only blocks that differ are read by rows.
CREATE OR REPLACE TEMPORARY TABLE bound AS
SELECT part, MIN(key) AS lowest, MAX(key) AS highest
FROM before_row
GROUP BY part;

CREATE OR REPLACE TEMPORARY TABLE before_block AS
SELECT part, block, COUNT(*) AS row_count, SUM(HASH(each)) AS row_hash
FROM before_row
GROUP BY part, block;

CREATE OR REPLACE TEMPORARY TABLE after_block AS
SELECT
  a.part,
  a.block,
  CASE WHEN b.part IS NULL OR a.key > b.highest THEN 1 WHEN a.key < b.lowest THEN -1 ELSE 0 END AS side,
  MIN(a.key) AS first_key,
  MAX(a.key) AS last_key,
  COUNT(*) AS row_count,
  SUM(HASH(a.each)) AS row_hash
FROM after_row AS a
LEFT JOIN bound AS b ON b.part = a.part
GROUP BY ALL;

CREATE OR REPLACE TEMPORARY TABLE appended_key AS
SELECT part, MIN(first_key) AS first_key, MAX(last_key) AS last_key
FROM after_block
WHERE side <> 0
GROUP BY part, side
UNION ALL
SELECT a.part, a.first_key, a.last_key
FROM after_block AS a
ANTI JOIN before_block AS b ON b.part = a.part AND b.block = a.block
WHERE a.side = 0;

CREATE OR REPLACE TEMPORARY TABLE changed_block AS
SELECT b.part, b.block
FROM before_block AS b
LEFT JOIN after_block AS a ON a.part = b.part AND a.block = b.block AND a.side = 0
WHERE a.part IS NULL OR a.row_count <> b.row_count OR a.row_hash <> b.row_hash;

CREATE OR REPLACE TEMPORARY TABLE changed_row AS
SELECT key, each, CAST(SUM(copies) AS INTEGER) AS copies
FROM (
  SELECT r.key, r.each, 1 AS copies
  FROM before_row AS r
  SEMI JOIN changed_block AS c ON c.part = r.part AND c.block = r.block
  UNION ALL
  SELECT r.key, r.each, -1 AS copies
  FROM after_row AS r
  INNER JOIN bound AS b ON b.part = r.part AND r.key >= b.lowest AND r.key <= b.highest
  SEMI JOIN changed_block AS c ON c.part = r.part AND c.block = r.block
) AS both_rows
GROUP BY key, each
HAVING SUM(copies) <> 0
