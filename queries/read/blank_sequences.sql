-- blank_sequences: how many sequences took a step of connecting a device but name no service, so that they
-- aren't connection attempts.
-- Reads:   kpi.blank_sequence.
SELECT COALESCE(SUM(sequences), 0) AS sequences
FROM kpi.blank_sequence
