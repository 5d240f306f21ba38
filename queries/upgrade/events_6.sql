-- events_6: version 6 adds events.earlier_user, which `tables/events` creates: it is filled by what expires.
-- Rerun:   safe; one transaction with the new version's number.
CREATE TABLE IF NOT EXISTS events.earlier_user (
  user_id INTEGER NOT NULL
);

DELETE FROM events.store WHERE name = 'schema_version';

INSERT INTO events.store (name, setting)
VALUES ('schema_version', '6');
