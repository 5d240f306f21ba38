-- version: the version of the tables.
-- Params:  schema_version.
-- Rerun:   safe.
DELETE FROM events.store WHERE name = 'schema_version';

INSERT INTO events.store (name, setting)
VALUES ('schema_version', :schema_version);
