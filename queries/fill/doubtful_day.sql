-- doubtful_day: days whose few events don't make them loaded, and the lines they came in.
-- Grain:   one row per (day, load_id).
-- Reads:   kpi.load_day, loaded_day, events.load, events.load_day.
-- Params:  raw_table (the name of the table that events come from where no file was loaded, or '').
-- Rerun:   safe; the table is made anew.
-- Note:    loads of earlier versions have no lines.
-- Source:  design, section 3 (loaded day).
DELETE FROM kpi.doubtful_day;

INSERT INTO kpi.doubtful_day (day, load_id, source, events, first_lines)
SELECT
  k.day,
  k.load_id,
  COALESCE(l.source, CAST(:raw_table AS VARCHAR(1024))),
  k.events,
  COALESCE(e.first_lines, '')
FROM kpi.load_day AS k
LEFT JOIN loaded_day AS x ON x.day = k.day
LEFT JOIN events.load AS l ON l.load_id = k.load_id
LEFT JOIN events.load_day AS e ON e.load_id = k.load_id AND e.day = k.day
WHERE x.day IS NULL
ORDER BY k.day, k.load_id;
