-- marker: another marker; existing rows are never changed.
-- Grain:   one row per marker added.
-- Params:  every column.
-- Rerun:   adds another row, which counts in place of those of the same day and label.
INSERT INTO kpi.marker (marker_id, day, label, kind, url, marked_at, marked_by)
VALUES (:marker_id, :day, :label, :kind, :url, :marked_at, :marked_by);
