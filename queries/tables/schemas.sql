-- schemas: two, because of two audiences; and the table by which writers wait for each other.
-- Note:    servers only.
CREATE SCHEMA IF NOT EXISTS events;

CREATE SCHEMA IF NOT EXISTS kpi;

CREATE TABLE IF NOT EXISTS events.writer (
  writer_id INTEGER ENCODE az64 NOT NULL
) DISTSTYLE ALL;
