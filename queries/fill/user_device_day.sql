-- user_device_day: which devices a user was active on, per UTC day.
-- Grain:   one row per (day, user_id, device_id).
-- Reads:   events.event, changed_day, events.known_user, events.known_device.
-- Params:  first_ms, end_ms (bounds of the changed days, half-open).
-- Rerun:   safe; the changed days are replaced.
-- Source:  specification, "Definitions" (active device); a blank device id is no device.
DELETE FROM events.user_device_day WHERE day IN (SELECT day FROM changed_day);

INSERT INTO events.user_device_day (day, user_id, device_id)
SELECT DISTINCT c.day, u.user_id, d.device_id
FROM events.event AS e
INNER JOIN changed_day AS c
  ON c.day = DATE '1970-01-01' + CAST(FLOOR(e."timestamp" / 86400000.0) AS INTEGER)
INNER JOIN events.known_user AS u ON u.uid = e.uid
INNER JOIN events.known_device AS d ON d.device = e.device_id
WHERE e."timestamp" >= :first_ms AND e."timestamp" < :end_ms;
