-- withdrawal: a note withdrawn; the note itself is never changed.
-- Grain:   one row per withdrawal.
-- Params:  every column.
-- Rerun:   adds another row; the first withdrawal counts.
INSERT INTO kpi.withdrawal (note_id, withdrawn_at, withdrawn_by, reason)
VALUES (:note_id, :withdrawn_at, :withdrawn_by, :reason);
