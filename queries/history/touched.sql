-- touched: the tables in which a publication has rows of days otherwise that were complete in the publication before it.
-- Grain:   one row per (publication_id, table_name). Of tables without days, every difference up to that number counts.
-- Reads:   undone_row (the rows of the history): table_name, publication_id, part, key; history.appended.
SELECT DISTINCT r.publication_id, r.table_name
FROM (
  SELECT publication_id, table_name, key
  FROM undone_row
  UNION ALL
  SELECT publication_id, table_name, first_key
  FROM history.appended
) AS r
INNER JOIN (
  SELECT
    publication_id,
    LAG(last_complete_day) OVER (ORDER BY publication_id) - DATE '1970-01-01' AS last_key
  FROM history.past_publication
) AS p ON p.publication_id = r.publication_id AND r.key <= p.last_key
ORDER BY r.publication_id, r.table_name
