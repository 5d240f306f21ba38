-- event: checked rows as they enter the private event table, ids hashed, in its order of columns.
-- Reads:  checked, hashed_id.
-- Params: load_id, hash_users, hash_devices.
-- Note:   DuckDB only.
SELECT
  c."timestamp",
  c.seq_id,
  c.seq_time,
  c.type,
  CASE WHEN $hash_users THEN u.hashed ELSE u.spelled END AS uid,
  CASE WHEN $hash_devices THEN d.hashed ELSE d.spelled END AS device_id,
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
  $load_id AS load_id
FROM checked AS c
LEFT JOIN hashed_id AS u ON u.id = c.uid
LEFT JOIN hashed_id AS d ON d.id = c.device_id
WHERE c.fault IS NULL
