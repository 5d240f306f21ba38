-- copied_table: how many rows each table of a local copy had when it was whole, and their hash.
-- Grain:   one row per table.
SELECT table_name, row_count, row_hash
FROM kpi.copied_table
ORDER BY table_name
