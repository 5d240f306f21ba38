-- flow: production's flow events as typed event columns.
-- Reads:  source (every cell as text, absent columns blank).
-- Note:   DuckDB only. A flow is a sequence. Durations in flow.performance.* and flow.timing.* are
--         no time of a step, so those events get none; a flow is new when it created an account.
SELECT
  COALESCE(
    CAST(TRY_CAST("timestamp" AS DECIMAL(18, 3)) * 1000 AS BIGINT),
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
    ELSE given_type
  END AS type,
  uid,
  CAST(NULL AS VARCHAR) AS device_id,
  CASE WHEN flow_id IN (
    SELECT flow_id
    FROM browsed_source
    WHERE COALESCE(type, event) = 'account.created' AND flow_id IS NOT NULL
  ) THEN 1 ELSE 0 END AS new_user,
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
