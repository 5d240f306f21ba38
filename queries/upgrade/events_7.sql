-- events_7: the private tables of version 6 are those of version 7.
-- Rerun:   safe; one transaction with the new version's number.
DELETE FROM events.store WHERE name = 'schema_version';

INSERT INTO events.store (name, setting)
VALUES ('schema_version', '7');
