-- events_gone: the first day that events are there for, and the first day that was summarised.
-- Grain:   one row; absent where there is none.
SELECT
  DATE '1970-01-01' + CAST(FLOOR(MIN("timestamp") / 86400000.0) AS INTEGER) AS first_present,
  (SELECT MIN(day) FROM kpi.load_day) AS first_summarised
FROM events.event
