-- user_day: which users were in which segments, per UTC day.
-- Grain:   one row per (day, user_id, segment_id).
-- Reads:   active_day, changed_day.
-- Params:  first_day, last_day (UTC dates, both included).
-- Rerun:   safe; the changed days among first_day..last_day are replaced.
-- Source:  specification, "Definitions" (active user).
DELETE FROM events.user_day
WHERE day IN (SELECT day FROM changed_day) AND day >= :first_day AND day <= :last_day;

INSERT INTO events.user_day (day, user_id, segment_id)
SELECT DISTINCT day, user_id, segment_id
FROM active_day;

ANALYZE events.user_day;
