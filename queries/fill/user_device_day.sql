-- user_device_day: which devices a user was active on, per UTC day.
-- Grain:   one row per (day, user_id, device_id).
-- Reads:   active_day, changed_day.
-- Params:  first_day, last_day (UTC dates, both included).
-- Rerun:   safe; the changed days among first_day..last_day are replaced.
-- Source:  specification, "Definitions" (active device); a blank device id is no device.
DELETE FROM events.user_device_day
WHERE day IN (SELECT day FROM changed_day) AND day >= :first_day AND day <= :last_day;

INSERT INTO events.user_device_day (day, user_id, device_id)
SELECT DISTINCT day, user_id, device_id
FROM active_day
WHERE device_id IS NOT NULL;

ANALYZE events.user_device_day;
