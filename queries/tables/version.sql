-- version: the version of the tables, where it isn't known yet.
-- Params:  schema_version.
-- Rerun:   safe.
INSERT INTO events.store (name, setting)
SELECT CAST('schema_version' AS VARCHAR(32)), CAST(:schema_version AS VARCHAR(64))
FROM (SELECT COUNT(*) AS known FROM events.store WHERE name = 'schema_version') AS found
WHERE known = 0;
