-- activity: production's activity events as typed event columns.
-- Reads:  source (every cell as text, absent columns blank).
-- Note:   DuckDB only. CSV has seconds in "timestamp"; log lines have epoch milliseconds or
--         ISO 8601 in "time", "event" for the type and a whole user agent string.
SELECT
  COALESCE(
    CAST(TRY_CAST("timestamp" AS DECIMAL(15, 3)) * 1000 AS BIGINT),
    TRY_CAST("time" AS BIGINT),
    EPOCH_MS(TRY_CAST("time" AS TIMESTAMP))
  ) AS "timestamp",
  COALESCE("timestamp", "time") AS given_timestamp,
  CAST(NULL AS VARCHAR) AS seq_id,
  CAST(NULL AS BIGINT) AS seq_time,
  CAST(NULL AS VARCHAR) AS given_seq_time,
  COALESCE(type, event) AS type,
  uid,
  device_id,
  0 AS new_user,
  CAST(NULL AS VARCHAR) AS given_new_user,
  browser AS user_agent_browser,
  version AS user_agent_version,
  os AS user_agent_os,
  service,
  CAST(NULL AS VARCHAR) AS context,
  CAST(NULL AS VARCHAR) AS entrypoint,
  CAST(NULL AS VARCHAR) AS campaign,
  CAST(NULL AS VARCHAR) AS migration,
  region,
  row_number
FROM browsed_source
