-- named_segment: another named segment; existing rows are never changed.
-- Grain:   one row per segment saved.
-- Params:  every column.
-- Rerun:   adds another row; of a name the first that isn't withdrawn counts.
INSERT INTO kpi.named_segment (segment_id, name, filters, saved_at, saved_by, reason)
VALUES (:segment_id, :name, :filters, :saved_at, :saved_by, :reason);
