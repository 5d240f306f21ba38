-- changes: the differences between a publication and the publication that it is made of, by blocks of keys.
-- Grain:   appended_key: one row per range of keys, none of which a part of a table had before; changed_block: one
--          row per block of other keys whose rows differ; after_block: one row per block, with a hash of its rows.
-- Reads:   before_row, after_row: one row per row of every table: table_name, part, key, block (keys that are
--          compared together) and row_hash.
-- Note:    rows of a new day, or of new sets, cost a range each. Only blocks that differ are read by rows.
CREATE OR REPLACE TEMPORARY TABLE before_block AS
SELECT
  table_name,
  part,
  block,
  MIN(key) AS first_key,
  MAX(key) AS last_key,
  COUNT(*) AS row_count,
  SUM(row_hash) AS row_hash
FROM before_row
GROUP BY table_name, part, block;

CREATE OR REPLACE TEMPORARY TABLE bound AS
SELECT table_name, part, MIN(first_key) AS lowest, MAX(last_key) AS highest
FROM before_block
GROUP BY table_name, part;

CREATE OR REPLACE TEMPORARY TABLE after_block AS
SELECT
  a.table_name,
  a.part,
  a.block,
  CASE WHEN b.part IS NULL OR a.key > b.highest THEN 1 WHEN a.key < b.lowest THEN -1 ELSE 0 END AS side,
  MIN(a.key) AS first_key,
  MAX(a.key) AS last_key,
  COUNT(*) AS row_count,
  SUM(a.row_hash) AS row_hash
FROM after_row AS a
LEFT JOIN bound AS b ON b.table_name = a.table_name AND b.part = a.part
GROUP BY ALL;

CREATE OR REPLACE TEMPORARY TABLE appended_key AS
SELECT table_name, part, MIN(first_key) AS first_key, MAX(last_key) AS last_key
FROM after_block
WHERE side <> 0
GROUP BY table_name, part, side
UNION ALL
SELECT a.table_name, a.part, a.first_key, a.last_key
FROM after_block AS a
ANTI JOIN before_block AS b ON b.table_name = a.table_name AND b.part = a.part AND b.block = a.block
WHERE a.side = 0;

CREATE OR REPLACE TEMPORARY TABLE changed_block AS
SELECT b.table_name, b.part, b.block
FROM before_block AS b
LEFT JOIN after_block AS a
  ON a.table_name = b.table_name AND a.part = b.part AND a.block = b.block AND a.side = 0
WHERE a.part IS NULL OR a.row_count <> b.row_count OR a.row_hash <> b.row_hash
