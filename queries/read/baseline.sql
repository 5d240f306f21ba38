-- baseline: every frozen baseline, the newest first.
-- Grain:   one row per frozen baseline.
SELECT
  baseline_id,
  measure,
  device_window,
  baseline,
  low_80,
  high_80,
  low_95,
  high_95,
  days,
  first_day,
  last_day,
  filters,
  definitions,
  publication_id,
  frozen_at,
  frozen_by,
  reason
FROM kpi.baseline
ORDER BY frozen_at DESC, baseline_id
