-- flow: production's flow events as typed event columns.
-- Reads:  source (every cell as text, absent columns blank).
-- Note:   DuckDB only. A flow is a sequence. Durations in flow.performance.* and flow.timing.* are
--         no time of a step, so those events get none. flow.continued.* ends in another flow's id,
--         which is no part of a type. Whether a flow is a new user's is known when all of
--         its events are there, so new_user is left open for the summary (new_sequence).
SELECT
  COALESCE(
    CAST(TRY_CAST("timestamp" AS DECIMAL(15, 3)) * 1000 AS BIGINT),
    TRY_CAST("time" AS BIGINT),
    EPOCH_MS(TRY_CAST("time" AS TIMESTAMP))
  ) AS "timestamp",
  COALESCE("timestamp", "time") AS given_timestamp,
  flow_id AS seq_id,
  CASE
    WHEN given_type LIKE 'flow.performance%' OR given_type LIKE 'flow.timing%' THEN NULL
    ELSE TRY_CAST(flow_time AS BIGINT)
  END AS seq_time,
  CASE
    WHEN given_type LIKE 'flow.performance%' OR given_type LIKE 'flow.timing%' THEN NULL
    ELSE flow_time
  END AS given_seq_time,
  CASE
    WHEN given_type = 'flow.begin' THEN 'sequence.begin'
    WHEN given_type LIKE 'flow.%.begin' THEN 'sequence.begin'
    WHEN given_type IN ('account.keyfetch', 'flow.complete') THEN 'device.connected'
    WHEN given_type LIKE 'flow.continued.%' THEN 'flow.continued'
    ELSE given_type
  END AS type,
  uid,
  CAST(NULL AS VARCHAR) AS device_id,
  CAST(NULL AS INTEGER) AS new_user,
  CAST(NULL AS VARCHAR) AS given_new_user,
  browser AS user_agent_browser,
  version AS user_agent_version,
  os AS user_agent_os,
  service,
  context,
  entrypoint,
  utm_campaign AS campaign,
  migration,
  region,
  row_number
FROM (SELECT *, COALESCE(type, event) AS given_type FROM browsed_source)
