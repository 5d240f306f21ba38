-- past_publication: a publication as the history lists it.
-- Reads:   kpi.publication, kpi.day_status.
-- Params:  reason (such as 'summary'), days_changed.
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
  :days_changed,
  VERSION()
FROM kpi.publication
