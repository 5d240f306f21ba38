-- load_manifest: every load, the newest first.
-- Grain:   one row per load.
-- Reads:   kpi.load_manifest.
SELECT
  load_id,
  source,
  format,
  rows_read,
  rows_kept,
  rows_rejected,
  rejected_by_reason,
  first_timestamp,
  last_timestamp,
  loaded_at,
  status
FROM kpi.load_manifest
ORDER BY load_id DESC
