-- annotation_removed: a marker taken away.
-- Params:  day, label.
DELETE FROM kpi.annotation WHERE day = :day AND label = :label;
