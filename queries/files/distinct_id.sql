-- distinct_id: the ids of users and devices, and how many rows have each, with the first line.
-- Grain:  one row per id as the file has it.
-- Reads:  checked.
-- Note:   DuckDB only; in memory, since the ids are not hashed yet.
SELECT
  id,
  SUM(uid_rows) AS uid_rows,
  MIN(uid_line) AS uid_line,
  SUM(device_rows) AS device_rows,
  MIN(device_line) AS device_line
FROM (
  SELECT uid AS id, COUNT(*) AS uid_rows, MIN(line) AS uid_line, 0 AS device_rows, NULL AS device_line
  FROM checked
  WHERE fault IS NULL AND uid IS NOT NULL
  GROUP BY uid
  UNION ALL
  SELECT device_id, 0, NULL, COUNT(*), MIN(line)
  FROM checked
  WHERE fault IS NULL AND device_id IS NOT NULL
  GROUP BY device_id
)
GROUP BY id
