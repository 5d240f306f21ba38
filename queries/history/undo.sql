-- undo: the keys whose rows an earlier publication hadn't, or had otherwise.
-- Grain:   gone_key: one row per key that was new in a later publication, the first of these; undone_key: one row
--          per row of the history that is to be undone; replaced_key: keys whose rows go, or are put back.
-- Reads:   history.appended; after_row (the rows of every table as they are) and undone_row (the rows of the
--          history): table_name, part, key, and of the second publication_id.
-- Params:  publication_id (of the earlier publication), reached (the publication whose rows are there).
-- Note:    where a key was new in a publication, the changes of that and later publications don't matter for it.
CREATE OR REPLACE TEMPORARY TABLE gone_key AS
SELECT k.table_name, k.part, k.key, MIN(a.publication_id) AS appended_in
FROM (
  SELECT DISTINCT table_name, part, key
  FROM after_row
  UNION
  SELECT DISTINCT table_name, part, key
  FROM undone_row
  WHERE publication_id > :publication_id AND publication_id <= :reached
) AS k
INNER JOIN history.appended AS a
  ON a.table_name = k.table_name AND a.part = k.part AND k.key >= a.first_key AND k.key <= a.last_key
WHERE a.publication_id > :publication_id AND a.publication_id <= :reached
GROUP BY k.table_name, k.part, k.key;

CREATE OR REPLACE TEMPORARY TABLE undone_key AS
SELECT DISTINCT r.table_name, r.part, r.key, r.publication_id
FROM undone_row AS r
LEFT JOIN gone_key AS g ON g.table_name = r.table_name AND g.part = r.part AND g.key = r.key
WHERE
  r.publication_id > :publication_id
  AND r.publication_id <= :reached
  AND (g.key IS NULL OR r.publication_id < g.appended_in);

CREATE OR REPLACE TEMPORARY TABLE replaced_key AS
SELECT table_name, part, key
FROM gone_key
UNION
SELECT table_name, part, key
FROM undone_key
