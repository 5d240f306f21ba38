-- checked: typed rows with what is wrong with each, the first fault as 'column: reason', or NULL.
-- Reads:  typed, whose constants are the first and last sane timestamp, and the first that isn't of a
--         day frozen by expiry.
-- Note:   DuckDB only. No value is repeated in a fault: it could be an id. Types are published, so
--         what isn't spelled like a type (account.created, route./account/login.200) is refused.
SELECT
  line,
  t."timestamp",
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
  changed,
  CASE
    WHEN row_fault IS NOT NULL THEN row_fault
    WHEN time_fault IS NOT NULL THEN time_fault
    WHEN type IS NULL THEN 'type: is missing'
    WHEN type_fault IS NOT NULL THEN type_fault
    WHEN unread_seq_time IS NOT NULL THEN 'seq_time: is no whole number'
    WHEN new_user IS NULL AND given_new_user IS NOT NULL THEN 'new_user: is neither 0 nor 1'
    WHEN STRLEN(uid) > 64 THEN 'uid: is longer than 64 bytes'
    WHEN STRLEN(device_id) > 64 THEN 'device_id: is longer than 64 bytes'
    WHEN STRLEN(seq_id) > 64 THEN 'seq_id: is longer than 64 bytes'
    WHEN NOT care THEN NULL
    WHEN CONTAINS(type, CHR(0))
      OR CONTAINS(uid, CHR(0))
      OR CONTAINS(device_id, CHR(0))
      OR CONTAINS(seq_id, CHR(0))
      THEN 'row: holds a NUL character'
    WHEN NOT tag_care THEN NULL
    WHEN CONTAINS(user_agent_browser, CHR(0))
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
FROM (
  SELECT
    *,
    CASE
      WHEN "timestamp" BETWEEN GREATEST(first_sane, first_open) AND last_sane THEN NULL
      WHEN "timestamp" IS NULL AND given_time IS NULL THEN
        CASE
          WHEN type IS NULL AND uid IS NULL THEN 'row: is no readable event'
          ELSE 'timestamp: is missing'
        END
      WHEN "timestamp" IS NULL AND REGEXP_FULL_MATCH(given_time, '[0-9]+([.,][0-9]+)?[Ee][+]?[0-9]+')
        THEN 'timestamp: is in scientific notation, so its last digits are lost; export it as whole numbers'
      WHEN other_unit <> unit
        THEN 'timestamp: is in ' || other_unit || ', where ' || unit
          || ' are expected; load it with --time-unit ' || other_unit
      WHEN "timestamp" IS NULL THEN 'timestamp: is no whole number and no ISO 8601 time'
      WHEN "timestamp" NOT BETWEEN first_sane AND last_sane
        THEN 'timestamp: is not between 2010 and tomorrow'
      WHEN "timestamp" < first_open
        THEN 'timestamp: is of a day whose events have expired, so it can''t be summarised anew'
    END AS time_fault,
    CASE
      WHEN type IN ('account.signed', 'account.login', 'account.created', 'sequence.begin', 'device.connected')
        THEN NULL
      WHEN STRLEN(type) > 128 THEN 'type: is longer than 128 bytes'
      WHEN REGEXP_MATCHES(type, '([0-9A-Fa-f]-?){16}') THEN 'type: looks like an id'
      WHEN NOT REGEXP_FULL_MATCH(type, '[A-Za-z][A-Za-z0-9_/-]*([.][A-Za-z0-9_/-]+)*')
        THEN 'type: is no words joined by dots'
    END AS type_fault
  FROM (
    SELECT
      *,
      CASE WHEN "timestamp" IS NULL OR "timestamp" NOT BETWEEN first_sane AND last_sane
        THEN sane_unit(given_time, first_sane, last_sane) END AS other_unit
    FROM typed
  ) AS united
) AS t
