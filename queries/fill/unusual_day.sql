-- unusual_day: what is unusual about a day's events of one type.
-- Grain:   one row of kpi.day_status, made where the type had no event that day.
-- Params:  day (UTC date), type, warning.
UPDATE kpi.day_status SET warnings = :warning WHERE day = :day AND type = :type;

INSERT INTO kpi.day_status (day, type, events, loaded, complete, warnings)
SELECT CAST(:day AS DATE), CAST(:type AS VARCHAR(128)), 0, 1, 0, CAST(:warning AS VARCHAR(256))
WHERE NOT EXISTS (SELECT 1 FROM kpi.day_status WHERE day = :day AND type = :type)
