-- user_day: which users were in which segments, per UTC day.
-- Grain:   one row per (day, user_id, segment_id).
-- Reads:   events.event, changed_day, events.known_user, new_sequence, tag_segment, kpi.segment.
-- Params:  first_ms, end_ms (bounds of the changed days, half-open).
-- Rerun:   safe; the changed days are replaced.
-- Source:  specification, "Definitions" (active user); a blank uid is nobody.
DELETE FROM events.user_day WHERE day IN (SELECT day FROM changed_day);

INSERT INTO events.user_day (day, user_id, segment_id)
SELECT DISTINCT c.day, u.user_id, g.segment_id
FROM events.event AS e
INNER JOIN changed_day AS c
  ON c.day = DATE '1970-01-01' + CAST(FLOOR(e."timestamp" / 86400000.0) AS INTEGER)
INNER JOIN events.known_user AS u ON u.uid = e.uid
LEFT JOIN new_sequence AS n ON n.seq_id = CASE WHEN e.new_user IS NULL THEN e.seq_id END
INNER JOIN tag_segment AS t
  ON t.raw_browser = COALESCE(e.user_agent_browser, '')
  AND t.raw_version = COALESCE(e.user_agent_version, '')
  AND t.raw_os = COALESCE(e.user_agent_os, '')
  AND t.raw_service = COALESCE(e.service, '')
  AND t.new_user = CASE WHEN n.seq_id IS NULL THEN COALESCE(e.new_user, 0) ELSE 1 END
INNER JOIN kpi.segment AS g
  ON g.browser = t.browser
  AND g.version = t.version
  AND g.os = t.os
  AND g.service = t.service
  AND g.new_user = t.new_user
WHERE e."timestamp" >= :first_ms AND e."timestamp" < :end_ms;
