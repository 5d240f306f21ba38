-- event: checked rows into the private event table, ids hashed.
-- Reads:  checked, hashed_id.
-- Params: load_id.
-- Note:   DuckDB only; one file is one transaction.
INSERT INTO events.event
SELECT
  c."timestamp",
  c.seq_id,
  c.seq_time,
  c.type,
  CASE WHEN $hash_users THEN u.hashed ELSE c.uid END,
  CASE WHEN $hash_devices THEN d.hashed ELSE c.device_id END,
  c.new_user,
  c.user_agent_browser,
  c.user_agent_version,
  c.user_agent_os,
  c.service,
  c.context,
  c.entrypoint,
  c.campaign,
  c.migration,
  c.region,
  $load_id
FROM checked AS c
LEFT JOIN hashed_id AS u ON u.id = c.uid
LEFT JOIN hashed_id AS d ON d.id = c.device_id
WHERE c.fault IS NULL
