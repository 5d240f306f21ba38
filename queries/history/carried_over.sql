-- carried_over: the history before, its publications folded; the rows of its tables follow.
-- Reads:   earlier.past_publication, earlier.past_table, earlier.appended, earlier.beginning, folded.
INSERT INTO history.past_publication (
  publication_id, built_at, definitions, simulated, first_day, last_complete_day, reason, days_changed, engine
)
SELECT
  p.publication_id,
  p.built_at,
  p.definitions,
  p.simulated,
  p.first_day,
  p.last_complete_day,
  f.reason,
  f.days_changed,
  p.engine
FROM earlier.past_publication AS p
INNER JOIN (
  SELECT f.into_id, STRING_AGG(DISTINCT q.reason, ', ' ORDER BY q.reason) AS reason, SUM(q.days_changed) AS days_changed
  FROM folded AS f
  INNER JOIN earlier.past_publication AS q ON q.publication_id = f.publication_id
  GROUP BY f.into_id
) AS f ON f.into_id = p.publication_id
ORDER BY p.publication_id;

INSERT INTO history.past_table (publication_id, table_name, row_count, row_hash)
SELECT f.into_id, t.table_name, t.row_count, t.row_hash
FROM earlier.past_table AS t
INNER JOIN folded AS f ON f.publication_id = t.publication_id
QUALIFY ROW_NUMBER() OVER (PARTITION BY f.into_id, t.table_name ORDER BY t.publication_id DESC) = 1
ORDER BY f.into_id, t.table_name;

INSERT INTO history.appended (publication_id, table_name, part, first_key, last_key)
SELECT f.into_id, a.table_name, a.part, a.first_key, a.last_key
FROM earlier.appended AS a
INNER JOIN folded AS f ON f.publication_id = a.publication_id
ORDER BY f.into_id, a.table_name, a.part, a.first_key;

INSERT INTO history.beginning (publication_id, reason)
SELECT publication_id, reason
FROM earlier.beginning
