-- checked: typed rows with what is wrong with each, the first fault as 'column: reason', or NULL.
-- Reads:  typed (the format's own query), check_limits (first and last sane
--         timestamp, and the first that isn't of a day frozen by expiry).
-- Note:   DuckDB only. No value is repeated in a fault: it could be an id. Types are published, so
--         what isn't spelled like one (account.created, route./account/login.200) is none.
SELECT
  "timestamp",
  seq_id,
  seq_time,
  type,
  uid,
  device_id,
  new_user,
  user_agent_browser,
  user_agent_version,
  user_agent_os,
  service,
  context,
  entrypoint,
  campaign,
  migration,
  region,
  row_number,
  CASE
    WHEN "timestamp" IS NULL AND given_timestamp IS NULL THEN
      CASE
        WHEN type IS NULL AND uid IS NULL THEN 'row: is no readable event'
        ELSE 'timestamp: is missing'
      END
    WHEN "timestamp" IS NULL THEN 'timestamp: is no whole number'
    WHEN "timestamp" NOT BETWEEN first_sane AND last_sane
      THEN 'timestamp: is not between 2010 and tomorrow'
    WHEN "timestamp" < first_open
      THEN 'timestamp: is of a day whose events have expired, so it can''t be summarised anew'
    WHEN type IS NULL THEN 'type: is missing'
    WHEN STRLEN(type) > 128 THEN 'type: is longer than 128 bytes'
    WHEN REGEXP_MATCHES(type, '([0-9A-Fa-f]-?){16}') THEN 'type: looks like an id'
    WHEN NOT REGEXP_FULL_MATCH(type, '[A-Za-z][A-Za-z0-9_/-]*([.][A-Za-z0-9_/-]+)*')
      THEN 'type: is no words joined by dots'
    WHEN seq_time IS NULL AND given_seq_time IS NOT NULL THEN 'seq_time: is no whole number'
    WHEN seq_time < 0 THEN 'seq_time: is negative'
    WHEN seq_time > 1000000000000 THEN 'seq_time: is longer than 30 years'
    WHEN new_user IS NULL AND given_new_user IS NOT NULL THEN 'new_user: is neither 0 nor 1'
    WHEN STRLEN(uid) > 64 THEN 'uid: is longer than 64 bytes'
    WHEN STRLEN(device_id) > 64 THEN 'device_id: is longer than 64 bytes'
    WHEN STRLEN(seq_id) > 64 THEN 'seq_id: is longer than 64 bytes'
    WHEN STRLEN(user_agent_browser) > 256 THEN 'user_agent_browser: is longer than 256 bytes'
    WHEN STRLEN(user_agent_version) > 256 THEN 'user_agent_version: is longer than 256 bytes'
    WHEN STRLEN(user_agent_os) > 256 THEN 'user_agent_os: is longer than 256 bytes'
    WHEN STRLEN(service) > 256 THEN 'service: is longer than 256 bytes'
    WHEN STRLEN(context) > 256 THEN 'context: is longer than 256 bytes'
    WHEN STRLEN(entrypoint) > 256 THEN 'entrypoint: is longer than 256 bytes'
    WHEN STRLEN(campaign) > 256 THEN 'campaign: is longer than 256 bytes'
    WHEN STRLEN(migration) > 256 THEN 'migration: is longer than 256 bytes'
    WHEN STRLEN(region) > 256 THEN 'region: is longer than 256 bytes'
    WHEN CONTAINS(type, CHR(0))
      OR CONTAINS(uid, CHR(0))
      OR CONTAINS(device_id, CHR(0))
      OR CONTAINS(seq_id, CHR(0))
      OR CONTAINS(user_agent_browser, CHR(0))
      OR CONTAINS(user_agent_version, CHR(0))
      OR CONTAINS(user_agent_os, CHR(0))
      OR CONTAINS(service, CHR(0))
      OR CONTAINS(context, CHR(0))
      OR CONTAINS(entrypoint, CHR(0))
      OR CONTAINS(campaign, CHR(0))
      OR CONTAINS(migration, CHR(0))
      OR CONTAINS(region, CHR(0))
      THEN 'row: holds a NUL character'
  END AS fault
FROM typed, check_limits
