-- touched: the tables in which a publication has rows otherwise that numbers of days before come of. Days before were
--          complete in the publication before it; those who returned are known return_reach days after their day.
-- Grain:   one row per (publication_id, table_name).
-- Reads:   undone_row (the rows of the history): table_name, publication_id, part, key; history.appended,
--          history.day_status, history.day_coverage.
-- Params:  return_reach (days).
-- Note:    of the days' status and coverage only what numbers depend on counts: a late event changes their counts.
SELECT DISTINCT r.publication_id, r.table_name
FROM (
  SELECT publication_id, table_name, part, key
  FROM undone_row
  WHERE table_name NOT IN ('day_status', 'day_coverage')
  UNION ALL
  SELECT publication_id, table_name, part, first_key
  FROM history.appended
  UNION ALL
  SELECT publication_id, 'day_status', '', each.day - DATE '1970-01-01'
  FROM history.day_status
  GROUP BY publication_id, each.day, each.type, each.loaded, each.complete
  HAVING SUM(copies) <> 0
  UNION ALL
  SELECT publication_id, 'day_coverage', '', each.day - DATE '1970-01-01'
  FROM history.day_coverage
  GROUP BY publication_id, each.day, each.events_with_sequence > 0, each.days_since_low_coverage
  HAVING SUM(copies) <> 0
) AS r
INNER JOIN (
  SELECT
    publication_id,
    LAG(last_complete_day) OVER (ORDER BY publication_id) - DATE '1970-01-01' AS last_key
  FROM history.past_publication
) AS p
  ON p.publication_id = r.publication_id
  AND r.key <= p.last_key - CASE WHEN r.part LIKE 'returned%' THEN :return_reach ELSE 0 END
ORDER BY r.publication_id, r.table_name
