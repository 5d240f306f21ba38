-- load_manifest: what was loaded and what became of it, for those who read the numbers.
-- Grain:   one row per load.
-- Reads:   events.load.
-- Rerun:   safe; the table is made anew.
-- Note:    reasons of rejects name a column and a fault, never a value.
-- Source:  design, section 5.
DELETE FROM kpi.load_manifest;

INSERT INTO kpi.load_manifest (
  load_id, source, format, rows_read, rows_kept, rows_rejected, rejected_by_reason, first_timestamp,
  last_timestamp, loaded_at, status
)
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
FROM events.load
