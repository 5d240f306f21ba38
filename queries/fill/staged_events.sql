-- staged_events: hashed rows that were staged as Parquet files, listed in a manifest.
-- Params:  manifest (its address in S3), role (that the cluster reads it by).
-- Note:    Redshift only. COPY from Parquet accepts no MAXERROR: it fails whole at the first fault, which
--          is what MAXERROR 0 asks for.
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
FROM :manifest
IAM_ROLE :role
MANIFEST
FORMAT AS PARQUET;
