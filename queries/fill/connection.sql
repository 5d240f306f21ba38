-- connection: the attempts that are to be published anew, without ids.
-- Grain:   one row per connection attempt. kpi.blank_sequence: one row per first_day with sequences that
--          took a step of connecting a device, name no service, and aren't attempts.
-- Reads:   events.attempt, events.stale_attempt_day, events.multi_device_day, tag_segment, loaded_day,
--          kpi.day_coverage.
-- Params:  sync_services ('(none)' is a blank service), first_retained (attempts begun before it have expired), multi_device_window (days),
--          unknown_devices (in place of 0, single, and 1, multi).
-- Rerun:   safe; attempts that began on a stale day are replaced.
-- Note:    an attempt is multi-device when its user was, on the day the device was ready or, if it
--          never was, on the day begun. Where that day isn't loaded, or too few users had a device on a
--          day of its window, it is neither single nor multi.
-- Source:  design, sections 3 and 5.
DELETE FROM kpi.connection
WHERE
  first_day IN (SELECT first_day FROM events.stale_attempt_day)
  AND first_day >= :first_retained;

INSERT INTO kpi.connection
SELECT
  a.first_day,
  a.day_begun,
  a.day_ready,
  a.new_account,
  CASE
    WHEN x.day IS NULL OR v.days_since_low_coverage < :multi_device_window THEN :unknown_devices
    WHEN m.user_id IS NULL THEN 0
    ELSE 1
  END,
  t.segment_id,
  NULLIF(a.context, ''),
  NULLIF(a.entrypoint, ''),
  NULLIF(a.campaign, ''),
  NULLIF(a.migration, ''),
  NULLIF(a.region, ''),
  CASE WHEN a.day_ready IS NULL THEN 0 ELSE 1 END,
  a.ready_ms,
  a.sequence_begin_ms,
  a.account_created_ms,
  a.account_login_ms,
  a.account_verified_ms,
  a.device_created_ms,
  a.device_connected_ms
FROM events.attempt AS a
INNER JOIN tag_segment AS t
  ON t.raw_browser = COALESCE(a.browser, '')
  AND t.raw_version = COALESCE(a.version, '')
  AND t.raw_os = COALESCE(a.os, '')
  AND t.raw_service = COALESCE(a.service, '')
  AND t.new_user = a.new_account
LEFT JOIN events.multi_device_day AS m
  ON m.user_id = a.user_id
  AND m.day = COALESCE(a.day_ready, a.day_begun, a.first_day)
  AND m.days_since_other_device < :multi_device_window
LEFT JOIN loaded_day AS x ON x.day = COALESCE(a.day_ready, a.day_begun, a.first_day)
LEFT JOIN kpi.day_coverage AS v ON v.day = COALESCE(a.day_ready, a.day_begun, a.first_day)
WHERE
  a.first_day IN (SELECT first_day FROM events.stale_attempt_day)
  AND a.first_day >= :first_retained
  AND COALESCE(NULLIF(a.service, ''), '(none)') IN :sync_services;

DELETE FROM kpi.blank_sequence
WHERE
  first_day IN (SELECT first_day FROM events.stale_attempt_day)
  AND first_day >= :first_retained;

INSERT INTO kpi.blank_sequence (first_day, sequences)
SELECT a.first_day, COUNT(*)
FROM events.attempt AS a
WHERE
  a.first_day IN (SELECT first_day FROM events.stale_attempt_day)
  AND a.first_day >= :first_retained
  AND COALESCE(a.service, '') = ''
  AND '(none)' NOT IN :sync_services
GROUP BY a.first_day
ORDER BY a.first_day;
