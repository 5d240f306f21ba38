-- attempt: one row per connection attempt, a sequence with at least one step of device connection.
-- Grain:   one row per seq_id.
-- Reads:   events.event, changed_day, touched_sequence, events.known_user.
-- Params:  first_ms, end_ms (bounds of the touched sequences' events, half-open; as parameters, so that
--          the engine passes over what lies outside), multi_device_reach (days after a change on which a
--          user's being multi-device can depend on it).
-- Rerun:   safe; every touched sequence is made anew.
-- Note:    of whatever service; connection.sql picks the services that count.
--          The first occurrence of each step counts, by its timestamp, and with it that event's seq_time:
--          an id that is used again begins nothing anew. It is the smallest of the timestamps with
--          seq_time written behind them. A tag is the first non-blank value in seq_time
--          order: the smallest of the values with seq_time written before them.
-- Source:  specification, "Time taken to connect a device"; design, section 3.
INSERT INTO events.stale_attempt_day (first_day)
SELECT DISTINCT a.first_day
FROM events.attempt AS a
INNER JOIN touched_sequence AS t ON t.seq_id = a.seq_id;

DELETE FROM events.attempt WHERE seq_id IN (SELECT seq_id FROM touched_sequence);

INSERT INTO events.attempt
WITH event_of_sequence AS (
  SELECT
    e.*,
    DATE '1970-01-01' + CAST(FLOOR(e."timestamp" / 86400000.0) AS INTEGER) AS day,
    LPAD(CAST(e.seq_time AS VARCHAR), 13, '0') AS place,
    LPAD(CAST(e."timestamp" AS VARCHAR), 15, '0') || LPAD(CAST(e.seq_time AS VARCHAR), 13, '0') AS occurrence
  FROM events.event AS e
  INNER JOIN touched_sequence AS t ON t.seq_id = e.seq_id
  WHERE e.seq_time IS NOT NULL AND e."timestamp" >= :first_ms AND e."timestamp" < :end_ms
),
sequence AS (
  SELECT
    seq_id,
    MIN(day) AS first_day,
    MAX(day) AS last_day,
    MIN(CASE WHEN type = 'sequence.begin' THEN day END) AS day_begun,
    MIN(CASE WHEN type = 'device.created' THEN day END) AS day_created,
    MIN(CASE WHEN type = 'device.connected' THEN day END) AS day_connected,
    MAX(CASE WHEN type = 'account.created' OR new_user = 1 THEN 1 ELSE 0 END) AS new_account,
    SUBSTRING(MIN(place || NULLIF(uid, '')), 14, 256) AS uid,
    SUBSTRING(MIN(place || NULLIF(user_agent_browser, '')), 14, 256) AS browser,
    SUBSTRING(MIN(place || NULLIF(user_agent_version, '')), 14, 256) AS version,
    SUBSTRING(MIN(place || NULLIF(user_agent_os, '')), 14, 256) AS os,
    SUBSTRING(MIN(place || NULLIF(service, '')), 14, 256) AS service,
    SUBSTRING(MIN(place || NULLIF(context, '')), 14, 256) AS context,
    SUBSTRING(MIN(place || NULLIF(entrypoint, '')), 14, 256) AS entrypoint,
    SUBSTRING(MIN(place || NULLIF(campaign, '')), 14, 256) AS campaign,
    SUBSTRING(MIN(place || NULLIF(migration, '')), 14, 256) AS migration,
    SUBSTRING(MIN(place || NULLIF(region, '')), 14, 256) AS region,
    CAST(SUBSTRING(MIN(CASE WHEN type = 'sequence.begin' THEN occurrence END), 16, 13) AS BIGINT) AS sequence_begin_ms,
    CAST(SUBSTRING(MIN(CASE WHEN type = 'account.created' THEN occurrence END), 16, 13) AS BIGINT) AS account_created_ms,
    CAST(SUBSTRING(MIN(CASE WHEN type = 'account.login' THEN occurrence END), 16, 13) AS BIGINT) AS account_login_ms,
    CAST(SUBSTRING(MIN(CASE WHEN type = 'account.verified' THEN occurrence END), 16, 13) AS BIGINT) AS account_verified_ms,
    CAST(SUBSTRING(MIN(CASE WHEN type = 'device.created' THEN occurrence END), 16, 13) AS BIGINT) AS device_created_ms,
    CAST(SUBSTRING(MIN(CASE WHEN type = 'device.connected' THEN occurrence END), 16, 13) AS BIGINT) AS device_connected_ms
  FROM event_of_sequence
  GROUP BY seq_id
)
SELECT
  s.seq_id,
  s.first_day,
  s.last_day,
  s.day_begun,
  CASE WHEN s.day_connected IS NOT NULL
    THEN GREATEST(s.day_connected, COALESCE(s.day_created, s.day_connected)) END,
  CASE WHEN s.day_connected IS NOT NULL
    THEN GREATEST(s.device_connected_ms, COALESCE(s.device_created_ms, s.device_connected_ms)) END,
  u.user_id,
  s.new_account,
  s.browser,
  s.version,
  s.os,
  s.service,
  s.context,
  s.entrypoint,
  s.campaign,
  s.migration,
  s.region,
  s.sequence_begin_ms,
  s.account_created_ms,
  s.account_login_ms,
  s.account_verified_ms,
  s.device_created_ms,
  s.device_connected_ms
FROM sequence AS s
LEFT JOIN events.known_user AS u ON u.uid = s.uid
WHERE COALESCE(
  s.sequence_begin_ms, s.account_created_ms, s.account_login_ms, s.account_verified_ms,
  s.device_created_ms, s.device_connected_ms
) IS NOT NULL;

INSERT INTO events.stale_attempt_day (first_day)
SELECT DISTINCT a.first_day
FROM events.attempt AS a
INNER JOIN touched_sequence AS t ON t.seq_id = a.seq_id;

INSERT INTO events.stale_attempt_day (first_day)
SELECT DISTINCT a.first_day
FROM events.attempt AS a
INNER JOIN changed_day AS c
  ON COALESCE(a.day_ready, a.day_begun, a.first_day) >= c.day
  AND COALESCE(a.day_ready, a.day_begun, a.first_day) <= c.day + :multi_device_reach;

ANALYZE events.attempt;
