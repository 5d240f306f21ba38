-- events_3: version 3 adds events.load_contents and events.load_day, which `tables/events` creates.
-- Note:    loads of earlier versions have no rows in either: what they held is unknown.
-- Rerun:   safe; one transaction with the new version's number.
CREATE TABLE IF NOT EXISTS events.load_contents (
  load_id INTEGER NOT NULL,
  lines_passed_over BIGINT NOT NULL,
  rows_with_uid BIGINT NOT NULL,
  rows_with_device BIGINT NOT NULL,
  rows_with_sequence BIGINT NOT NULL,
  columns_missing VARCHAR(1024) NOT NULL,
  columns_ignored VARCHAR(4096) NOT NULL,
  cells_changed VARCHAR(4096) NOT NULL
);

CREATE TABLE IF NOT EXISTS events.load_day (
  load_id INTEGER NOT NULL,
  day DATE NOT NULL,
  events BIGINT NOT NULL,
  first_lines VARCHAR(256) NOT NULL
);

DELETE FROM events.store WHERE name = 'schema_version';

INSERT INTO events.store (name, setting)
VALUES ('schema_version', '3');
