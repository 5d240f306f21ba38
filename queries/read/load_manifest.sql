-- load_manifest: every load, the newest first, and what its rows had; that is absent where it is unknown.
-- Grain:   one row per load.
-- Reads:   kpi.load_manifest, kpi.load_contents.
SELECT
  m.load_id,
  m.source,
  m.format,
  m.rows_read,
  m.rows_kept,
  m.rows_rejected,
  m.rejected_by_reason,
  m.first_timestamp,
  m.last_timestamp,
  m.loaded_at,
  m.status,
  c.rows_with_uid,
  c.rows_with_device,
  c.rows_with_sequence,
  c.lines_passed_over,
  c.columns_missing,
  c.columns_ignored,
  c.cells_changed
FROM kpi.load_manifest AS m
LEFT JOIN kpi.load_contents AS c ON c.load_id = m.load_id
ORDER BY m.load_id DESC
