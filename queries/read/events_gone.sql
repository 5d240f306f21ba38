-- events_gone: the first day that enough events are there for, and the first day that was summarised.
-- Grain:   one row; absent where there is none.
-- Reads:   present_load_day, judged_day, kpi.day_status.
SELECT
  MIN(p.day) AS first_present,
  (SELECT MIN(day) FROM kpi.day_status WHERE type = '(all)' AND loaded = 1) AS first_summarised
FROM present_load_day AS p
INNER JOIN judged_day AS j ON j.day = p.day
WHERE j.loaded = 1
