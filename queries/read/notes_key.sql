-- notes_key: how many notes there are of each kind, which differs whenever one was added.
-- Grain:   one row.
SELECT
  (SELECT COUNT(*) FROM kpi.baseline) AS baselines,
  (SELECT COUNT(*) FROM kpi.marker) AS markers,
  (SELECT COUNT(*) FROM kpi.named_segment) AS named_segments,
  (SELECT COUNT(*) FROM kpi.withdrawal) AS withdrawals
