-- loads: the manifest, oldest first.
SELECT
  load_id,
  source,
  sha256,
  format,
  rows_read,
  rows_kept,
  rows_rejected,
  rejected_by_reason,
  unknown_types,
  first_timestamp,
  last_timestamp,
  loaded_at,
  status
FROM events.load
ORDER BY load_id
