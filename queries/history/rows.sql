-- rows: the rows of a table of a publication, each by its part and key, the block of keys that is compared at once,
-- and a hash.
-- Names:   database, table; part, key (expressions over each), width (so many keys are a block).
SELECT
  '$table' AS table_name,
  $part AS part,
  CAST($key AS BIGINT) AS key,
  CAST(FLOOR(($key) / $width) AS BIGINT) AS block,
  HASH(each) AS row_hash
FROM $database.$table AS each
