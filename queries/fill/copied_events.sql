-- copied_events: hashed rows that come over the connection as CSV.
-- Note:    PostgreSQL only; blanks are NULL, as an unquoted empty cell is.
COPY events.event (
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
  load_id
)
FROM STDIN WITH (FORMAT csv);
