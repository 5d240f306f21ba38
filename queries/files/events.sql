-- events: a file in the specification's own format as typed event columns.
-- Reads:  source (every cell as text, absent columns blank).
-- Note:   DuckDB only, as is all reading of files.
SELECT
  TRY_CAST("timestamp" AS BIGINT) AS "timestamp",
  "timestamp" AS given_timestamp,
  seq_id,
  TRY_CAST(seq_time AS BIGINT) AS seq_time,
  seq_time AS given_seq_time,
  type,
  uid,
  device_id,
  CASE
    WHEN LOWER(new_user) IN ('1', 'true', 't') THEN 1
    WHEN new_user IS NULL OR LOWER(new_user) IN ('0', 'false', 'f') THEN 0
  END AS new_user,
  new_user AS given_new_user,
  user_agent_browser,
  user_agent_version,
  user_agent_os,
  service,
  context,
  entrypoint,
  campaign,
  migration,
  region,
  row_number
FROM source
