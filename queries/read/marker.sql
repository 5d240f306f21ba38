-- marker: every marker that a person added, the oldest first.
-- Grain:   one row per marker added; of a day and label the last row counts.
SELECT marker_id, day, label, kind, url, marked_by, marked_at
FROM kpi.marker
ORDER BY marked_at, marker_id
