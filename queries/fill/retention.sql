-- retention: the first day whose raw events are retained, and the first that can be refilled.
-- Grain:   one row, once anything expired.
-- Params:  first_retained, frozen_before (UTC dates).
DELETE FROM kpi.retention;

INSERT INTO kpi.retention (first_kept, frozen_before)
VALUES (:first_retained, :frozen_before)
