-- attempt_tag_combination: the same as tag_combination, for the attempts that are to be published anew.
-- Grain:   one row per combination in the attempts, unchanged; a working table of one run.
-- Reads:   events.attempt, events.stale_attempt_day.
-- Params:  sync_services.
DROP TABLE IF EXISTS tag_combination;

CREATE TEMPORARY TABLE tag_combination AS
SELECT
  COALESCE(a.browser, '') AS raw_browser,
  COALESCE(a.version, '') AS raw_version,
  COALESCE(a.os, '') AS raw_os,
  COALESCE(a.service, '') AS raw_service,
  a.new_account AS new_user,
  COALESCE(NULLIF(a.browser, ''), '(none)') AS browser,
  COALESCE(NULLIF(SPLIT_PART(COALESCE(a.version, ''), '.', 1), ''), '(none)') AS version,
  COALESCE(NULLIF(a.os, ''), '(none)') AS os,
  COALESCE(NULLIF(a.service, ''), '(none)') AS service,
  COUNT(*) AS events
FROM events.attempt AS a
WHERE
  a.first_day IN (SELECT first_day FROM events.stale_attempt_day)
  AND COALESCE(NULLIF(a.service, ''), '(none)') IN :sync_services
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9;

ANALYZE tag_combination;
