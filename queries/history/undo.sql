-- undo: a table of a later publication as an earlier publication had it.
-- Grain:   gone_key: keys that the earlier publication hadn't; their rows go, as do those of restored keys;
--          restored_row: the rows to be put back.
-- Reads:   history.appended, after_row (the table's rows as they are), undone_row (its rows in the history, with
--          publication_id, copies, part, key and each).
-- Params:  table_name, publication_id (of the earlier publication).
-- Note:    where a key was new in a publication, the changes of that and later publications don't matter for it.
CREATE OR REPLACE TEMPORARY TABLE undone_key AS
SELECT DISTINCT part, key
FROM after_row
UNION
SELECT DISTINCT part, key
FROM undone_row
WHERE publication_id > :publication_id;

CREATE OR REPLACE TEMPORARY TABLE gone_key AS
SELECT k.part, k.key, MIN(a.publication_id) AS appended_in
FROM undone_key AS k
INNER JOIN history.appended AS a
  ON a.part = k.part AND k.key >= a.first_key AND k.key <= a.last_key
WHERE a.table_name = :table_name AND a.publication_id > :publication_id
GROUP BY k.part, k.key;

CREATE OR REPLACE TEMPORARY TABLE undone AS
SELECT r.part, r.key, r.each, r.copies
FROM undone_row AS r
LEFT JOIN gone_key AS g ON g.part = r.part AND g.key = r.key
WHERE r.publication_id > :publication_id AND (g.key IS NULL OR r.publication_id < g.appended_in);

CREATE OR REPLACE TEMPORARY TABLE replaced_key AS
SELECT part, key
FROM gone_key
UNION
SELECT part, key
FROM undone;

CREATE OR REPLACE TEMPORARY TABLE restored AS
SELECT each, SUM(copies) AS copies
FROM (
  SELECT r.each, 1 AS copies
  FROM after_row AS r
  SEMI JOIN undone AS u ON u.part = r.part AND u.key = r.key
  ANTI JOIN gone_key AS g ON g.part = r.part AND g.key = r.key
  UNION ALL
  SELECT each, copies
  FROM undone
) AS both_rows
GROUP BY each
HAVING SUM(copies) <> 0;

CREATE OR REPLACE TEMPORARY TABLE restored_row AS
SELECT each
FROM (SELECT each, UNNEST(RANGE(CAST(copies AS BIGINT))) AS copy FROM restored)
