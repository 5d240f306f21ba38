-- noted: a publication's new ranges of keys, the rows and hash of each table that differs, and the publication.
-- Reads:   appended_key, changed_block, after_block (of queries/history/changes.sql), table_name, kpi.publication,
--          kpi.day_status.
-- Params:  publication_id, reason (such as 'summary'), anew (1: the history begins with this publication).
INSERT INTO history.appended (publication_id, table_name, part, first_key, last_key)
SELECT :publication_id, table_name, part, first_key, last_key
FROM appended_key
WHERE :anew = 0
ORDER BY table_name, part, first_key;

INSERT INTO history.past_table (publication_id, table_name, row_count, row_hash)
SELECT
  :publication_id,
  n.table_name,
  COALESCE(SUM(a.row_count), 0),
  CAST(COALESCE(SUM(a.row_hash), 0) % 9223372036854775807 AS BIGINT)
FROM table_name AS n
LEFT JOIN after_block AS a ON a.table_name = n.table_name
WHERE
  :anew = 1
  OR n.table_name IN (SELECT table_name FROM appended_key)
  OR n.table_name IN (SELECT table_name FROM changed_block)
GROUP BY n.table_name
ORDER BY n.table_name;

INSERT INTO history.past_publication (
  publication_id, built_at, definitions, simulated, first_day, last_complete_day, reason, days_changed, engine
)
SELECT
  publication_id,
  built_at,
  definitions,
  simulated,
  (SELECT MIN(day) FROM kpi.day_status WHERE type = '(all)'),
  (SELECT MAX(day) FROM kpi.day_status WHERE type = '(all)' AND complete = 1),
  :reason,
  (
    SELECT COUNT(*)
    FROM (
      SELECT c.block
      FROM changed_block AS c
      SEMI JOIN table_name AS n ON n.table_name = c.table_name AND n.numbers
      UNION
      SELECT a.block
      FROM after_block AS a
      INNER JOIN appended_key AS k
        ON k.table_name = a.table_name AND k.part = a.part AND a.block >= k.first_key AND a.block <= k.last_key
      SEMI JOIN table_name AS n ON n.table_name = a.table_name AND n.numbers
    ) AS changed_day
  ),
  VERSION()
FROM kpi.publication
