-- load_manifest, load_contents: what was loaded, what became of it and what its rows had, for those who
-- read the numbers.
-- Grain:   one row per load; none in load_contents for loads of earlier versions.
-- Reads:   events.load, events.load_contents.
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
FROM events.load;

DELETE FROM kpi.load_contents;

INSERT INTO kpi.load_contents (
  load_id, lines_passed_over, rows_with_uid, rows_with_device, rows_with_sequence, columns_missing,
  columns_ignored, cells_changed
)
SELECT
  load_id,
  lines_passed_over,
  rows_with_uid,
  rows_with_device,
  rows_with_sequence,
  columns_missing,
  columns_ignored,
  cells_changed
FROM events.load_contents
