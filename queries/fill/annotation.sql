-- annotation: what happened on a day, for markers on charts.
-- Grain:   one row per (day, label).
-- Params:  day, label, kind, url.
-- Rerun:   safe; the same day and label are replaced.
DELETE FROM kpi.annotation WHERE day = :day AND label = :label;

INSERT INTO kpi.annotation (day, label, kind, url)
VALUES (:day, :label, :kind, :url);
