-- user_day: which users were in which segments, per UTC day.
-- Grain:   one row per (day, user_id, segment_id).
-- Reads:   active_day, changed_day.
-- Rerun:   safe; the changed days are replaced.
-- Source:  specification, "Definitions" (active user).
DELETE FROM events.user_day WHERE day IN (SELECT day FROM changed_day);

INSERT INTO events.user_day (day, user_id, segment_id)
SELECT DISTINCT day, user_id, segment_id
FROM active_day;
