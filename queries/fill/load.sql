-- load: the manifest's entry of one file.
-- Grain:   one row per load.
-- Params:  every column but status.
INSERT INTO events.load (
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
)
VALUES (
  :load_id,
  :source,
  :sha256,
  :format,
  :rows_read,
  :rows_kept,
  :rows_rejected,
  :rejected_by_reason,
  :unknown_types,
  :first_timestamp,
  :last_timestamp,
  :loaded_at,
  'loaded'
);
