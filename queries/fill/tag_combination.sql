-- tag_combination: the combinations of tags on the events of the changed days that are loaded, and what each
--          is summarised as.
-- Grain:   one row per combination in the events, unchanged; a working table of one run.
-- Reads:   events.event, counted_day, new_sequence.
-- Params:  first_ms, end_ms (bounds of the changed days, half-open).
DROP TABLE IF EXISTS tag_combination;

CREATE TEMPORARY TABLE tag_combination AS
SELECT
  raw_browser,
  raw_version,
  raw_os,
  raw_service,
  new_user,
  COALESCE(NULLIF(raw_browser, ''), '(none)') AS browser,
  COALESCE(NULLIF(SPLIT_PART(raw_version, '.', 1), ''), '(none)') AS version,
  COALESCE(NULLIF(raw_os, ''), '(none)') AS os,
  COALESCE(NULLIF(raw_service, ''), '(none)') AS service,
  events
FROM (
  SELECT
    COALESCE(e.user_agent_browser, '') AS raw_browser,
    COALESCE(e.user_agent_version, '') AS raw_version,
    COALESCE(e.user_agent_os, '') AS raw_os,
    COALESCE(e.service, '') AS raw_service,
    CASE
      WHEN n.seq_id IS NOT NULL THEN 1
      WHEN e.new_user IS NULL AND e.type = 'account.created' AND COALESCE(e.seq_id, '') = '' THEN 1
      ELSE COALESCE(e.new_user, 0)
    END AS new_user,
    COUNT(*) AS events
  FROM events.event AS e
  LEFT JOIN new_sequence AS n ON n.seq_id = CASE WHEN e.new_user IS NULL THEN e.seq_id END
  WHERE
    e."timestamp" >= :first_ms
    AND e."timestamp" < :end_ms
    AND e.uid <> ''
    AND DATE '1970-01-01' + CAST(FLOOR(e."timestamp" / 86400000.0) AS INTEGER) IN (SELECT day FROM counted_day)
  GROUP BY 1, 2, 3, 4, 5
) AS combination;

ANALYZE tag_combination;
