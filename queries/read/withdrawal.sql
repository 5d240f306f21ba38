-- withdrawal: every withdrawal of a note, the newest first.
-- Grain:   one row per withdrawal; a note that two people withdrew at once has two.
SELECT note_id, withdrawn_by, withdrawn_at, reason
FROM kpi.withdrawal
ORDER BY withdrawn_at DESC, withdrawn_by DESC
