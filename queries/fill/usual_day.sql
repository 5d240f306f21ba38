-- usual_day: no day is marked as unusual, until the days have been judged anew.
-- Grain:   rows of kpi.day_status.
-- Rerun:   safe; rows that only said that a type was missing go.
DELETE FROM kpi.day_status WHERE type <> '(all)' AND events = 0;

UPDATE kpi.day_status SET warnings = NULL WHERE warnings IS NOT NULL
