-- named_segment: every segment that a person saved under a name, the oldest first.
-- Grain:   one row per segment saved; of a name the first row that isn't withdrawn counts.
SELECT segment_id, name, filters, saved_at, saved_by, reason
FROM kpi.named_segment
ORDER BY saved_at, segment_id
