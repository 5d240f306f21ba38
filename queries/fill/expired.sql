-- expired: private rows of days past retention are gone, and hashed ids that nothing refers to.
-- Params:  first_retained (UTC date), first_retained_ms.
-- Rerun:   safe.
DELETE FROM events.event WHERE "timestamp" < :first_retained_ms;

DELETE FROM events.user_day WHERE day < :first_retained;

DELETE FROM events.user_device_day WHERE day < :first_retained;

DELETE FROM events.multi_device_day WHERE day < :first_retained;

DELETE FROM events.attempt WHERE first_day < :first_retained;

DELETE FROM events.known_user
WHERE
  user_id NOT IN (SELECT user_id FROM events.user_day)
  AND user_id NOT IN (SELECT user_id FROM events.attempt WHERE user_id IS NOT NULL);

DELETE FROM events.known_device
WHERE device_id NOT IN (SELECT device_id FROM events.user_device_day);

DELETE FROM events.store WHERE name = 'frozen_before';

INSERT INTO events.store (name, setting)
VALUES ('frozen_before', :frozen_before);
