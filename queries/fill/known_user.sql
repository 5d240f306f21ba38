-- known_user, known_device: dense integers for hashed ids, since those group many times faster.
-- Grain:   one row per uid, per device id.
-- Reads:   events.event, changed_day.
-- Params:  first_ms, end_ms (bounds of the changed days, half-open), by_platform (1: a user's device is the
--          pair of OS and browser, 0: its id).
-- Rerun:   safe; only ids not yet known are added.
INSERT INTO events.known_user (user_id, uid)
SELECT
  (SELECT COALESCE(MAX(user_id), 0) FROM events.known_user) + ROW_NUMBER() OVER (ORDER BY uid),
  uid
FROM (
  SELECT e.uid
  FROM (
    SELECT DISTINCT uid
    FROM events.event
    WHERE "timestamp" >= :first_ms AND "timestamp" < :end_ms AND uid <> ''
  ) AS e
  LEFT JOIN events.known_user AS k ON k.uid = e.uid
  WHERE k.uid IS NULL
) AS unknown;

INSERT INTO events.known_device (device_id, device)
SELECT
  (SELECT COALESCE(MAX(device_id), 0) FROM events.known_device) + ROW_NUMBER() OVER (ORDER BY device_id),
  device_id
FROM (
  SELECT e.device_id
  FROM (
    SELECT DISTINCT device_id
    FROM events.event
    WHERE "timestamp" >= :first_ms AND "timestamp" < :end_ms AND device_id <> '' AND :by_platform = 0
    UNION
    SELECT DISTINCT MD5(user_agent_os || '/' || user_agent_browser) AS device_id
    FROM events.event
    WHERE
      "timestamp" >= :first_ms
      AND "timestamp" < :end_ms
      AND user_agent_os <> ''
      AND user_agent_browser <> ''
      AND :by_platform = 1
  ) AS e
  LEFT JOIN events.known_device AS k ON k.device = e.device_id
  WHERE k.device IS NULL
) AS unknown;

ANALYZE events.known_user;

ANALYZE events.known_device;
