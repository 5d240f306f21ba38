-- active_day: who was active on the changed days that are loaded, in which segment and on which device.
-- Grain:   one row per (day, user_id, segment_id, device_id), device_id NULL where blank; a working
--          table of one run, so that events are read and their ids looked up once.
-- Reads:   events.event, counted_day, events.known_user, events.known_device, new_sequence, tag_segment.
-- Params:  first_ms, end_ms (bounds of the changed days, half-open), by_platform (1: a user's device is the
--          pair of OS and browser, 0: its id).
-- Note:    an event that doesn't know whether its user is new, and has no sequence, is a new user's where
--          it says itself that the account was created.
-- Note:    days are picked by IN: joined instead, they mislead DuckDB into building on the events.
--          Every event of a user has its segment, yet the join to it is a LEFT join: PostgreSQL expects a single
--          row of five equalities of expressions, and would look through every user for each.
-- Source:  specification, "Definitions" (active user, active device); a blank uid is nobody.
DROP TABLE IF EXISTS active_day;

CREATE TEMPORARY TABLE active_day AS
SELECT DISTINCT
  DATE '1970-01-01' + CAST(FLOOR(e."timestamp" / 86400000.0) AS INTEGER) AS day,
  u.user_id,
  t.segment_id,
  d.device_id
FROM events.event AS e
INNER JOIN events.known_user AS u ON u.uid = e.uid
LEFT JOIN events.known_device AS d
  ON d.device = CASE
    WHEN :by_platform = 0 THEN e.device_id
    WHEN e.user_agent_os <> '' AND e.user_agent_browser <> '' THEN MD5(e.user_agent_os || '/' || e.user_agent_browser)
  END
LEFT JOIN new_sequence AS n ON n.seq_id = CASE WHEN e.new_user IS NULL THEN e.seq_id END
LEFT JOIN tag_segment AS t
  ON t.raw_browser = COALESCE(e.user_agent_browser, '')
  AND t.raw_version = COALESCE(e.user_agent_version, '')
  AND t.raw_os = COALESCE(e.user_agent_os, '')
  AND t.raw_service = COALESCE(e.service, '')
  AND t.new_user = CASE
    WHEN n.seq_id IS NOT NULL THEN 1
    WHEN e.new_user IS NULL AND e.type = 'account.created' AND COALESCE(e.seq_id, '') = '' THEN 1
    ELSE COALESCE(e.new_user, 0)
  END
WHERE
  e."timestamp" >= :first_ms
  AND e."timestamp" < :end_ms
  AND DATE '1970-01-01' + CAST(FLOOR(e."timestamp" / 86400000.0) AS INTEGER) IN (SELECT day FROM counted_day);

ANALYZE active_day;
