-- expired: private rows of days past retention are gone, and hashed ids that nothing refers to.
-- Params:  first_retained (UTC date), first_retained_ms.
-- Note:    of users who are left, earlier_user holds those who were active on days that expired, so that they
--          don't count as new again.
-- Rerun:   safe.
INSERT INTO events.earlier_user (user_id)
SELECT DISTINCT d.user_id
FROM events.user_day AS d
LEFT JOIN events.earlier_user AS e ON e.user_id = d.user_id
WHERE d.day < :first_retained AND e.user_id IS NULL;

DELETE FROM events.event WHERE "timestamp" < :first_retained_ms;

DELETE FROM events.user_day WHERE day < :first_retained;

DELETE FROM events.user_device_day WHERE day < :first_retained;

DELETE FROM events.multi_device_day WHERE day < :first_retained;

DELETE FROM events.attempt WHERE first_day < :first_retained;

DELETE FROM events.known_user
WHERE
  user_id NOT IN (SELECT user_id FROM events.user_day)
  AND user_id NOT IN (SELECT user_id FROM events.attempt WHERE user_id IS NOT NULL);

DELETE FROM events.earlier_user
WHERE user_id NOT IN (SELECT user_id FROM events.known_user);

DELETE FROM events.known_device
WHERE device_id NOT IN (SELECT device_id FROM events.user_device_day);

DELETE FROM events.store WHERE name = 'frozen_before';

INSERT INTO events.store (name, setting)
VALUES ('frozen_before', :frozen_before);
