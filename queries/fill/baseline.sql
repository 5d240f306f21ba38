-- baseline: another frozen baseline; existing rows are never changed.
-- Grain:   one row per frozen baseline.
-- Params:  every column.
-- Rerun:   adds another row; nothing repeats it.
INSERT INTO kpi.baseline (
  baseline_id, measure, device_window, baseline, low_80, high_80, low_95, high_95, days,
  first_day, last_day, filters, definitions, publication_id, frozen_at, frozen_by, reason
)
VALUES (
  :baseline_id, :measure, :device_window, :baseline, :low_80, :high_80, :low_95, :high_95, :days,
  :first_day, :last_day, :filters, :definitions, :publication_id, :frozen_at, :frozen_by, :reason
);
