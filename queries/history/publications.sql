-- publications: the publications that the history can give back, oldest first, with the rows that each costs it.
-- Grain:   one row per publication.
SELECT
  p.publication_id,
  p.built_at,
  p.definitions,
  p.simulated,
  p.first_day,
  p.last_complete_day,
  p.reason,
  p.days_changed,
  (SELECT COUNT(*) FROM history.past_table AS t WHERE t.publication_id = p.publication_id)
    + (SELECT COUNT(*) FROM history.appended AS a WHERE a.publication_id = p.publication_id) AS rows_noted
FROM history.past_publication AS p
ORDER BY p.publication_id
