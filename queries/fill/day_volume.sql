-- day_volume: how many events of each type the changed days have, and which loads brought them.
-- Grain:   kpi.load_day: one row per (day, load_id); kpi.day_status: one row per (day, type).
-- Reads:   events.event, changed_day, present_load_day.
-- Params:  first_ms, end_ms (bounds of the changed days, half-open).
-- Creates: type_volume, the same counts with the events that carry a sequence.
-- Rerun:   safe; the rows of changed days are replaced.
DELETE FROM kpi.load_day WHERE day IN (SELECT day FROM changed_day);

INSERT INTO kpi.load_day (day, load_id, events)
SELECT p.day, p.load_id, p.events
FROM present_load_day AS p
INNER JOIN changed_day AS c ON c.day = p.day;

DROP TABLE IF EXISTS type_volume;

CREATE TEMPORARY TABLE type_volume AS
SELECT
  c.day,
  e.type,
  COUNT(*) AS events,
  SUM(CASE WHEN e.seq_id <> '' AND e.seq_time IS NOT NULL THEN 1 ELSE 0 END) AS events_with_sequence
FROM events.event AS e
INNER JOIN changed_day AS c
  ON c.day = DATE '1970-01-01' + CAST(FLOOR(e."timestamp" / 86400000.0) AS INTEGER)
WHERE e."timestamp" >= :first_ms AND e."timestamp" < :end_ms
GROUP BY c.day, e.type;

DELETE FROM kpi.day_status WHERE type <> '(all)' AND day IN (SELECT day FROM changed_day);

INSERT INTO kpi.day_status (day, type, events, loaded, complete, warnings)
SELECT day, type, events, 1, 0, NULL
FROM type_volume;
