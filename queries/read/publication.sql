-- publication: what was built, when, by which definitions, and which days it covers.
-- Grain:   one row.
SELECT
  p.publication_id,
  p.built_at,
  p.schema_version,
  p.definitions,
  p.simulated,
  (SELECT MIN(day) FROM kpi.day_status WHERE type = '(all)') AS first_day,
  (SELECT MAX(day) FROM kpi.day_status WHERE type = '(all)' AND complete = 1) AS last_complete_day,
  (SELECT MAX(day) FROM kpi.day_status WHERE type = '(all)') AS last_day,
  (SELECT COUNT(*) FROM kpi.day_status WHERE type = '(all)' AND loaded = 0 AND events = 0) AS days_missing,
  (
    SELECT COUNT(*)
    FROM kpi.day_status AS d
    WHERE
      d.type = '(all)' AND d.loaded = 1 AND d.complete = 0
      AND d.day < (SELECT MAX(day) FROM kpi.day_status WHERE type = '(all)' AND complete = 1)
  ) AS days_loaded_early
FROM kpi.publication AS p
