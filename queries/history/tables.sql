-- history: earlier publications as differences from the newest, in a DuckDB file beside it. Beside these tables it
-- has each table of kpi with two columns before its own: publication_id, and copies: so many times (below 0: so
-- many times fewer) the publication before that one had the row.
-- Source:  docs/decisions/publications.md.

CREATE TABLE IF NOT EXISTS history.past_publication (
  publication_id INTEGER NOT NULL,
  built_at TIMESTAMP NOT NULL,
  definitions VARCHAR NOT NULL,
  simulated SMALLINT NOT NULL,
  first_day DATE,
  last_complete_day DATE,
  reason VARCHAR NOT NULL,
  days_changed INTEGER NOT NULL,
  engine VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS history.past_table (
  publication_id INTEGER NOT NULL,
  table_name VARCHAR NOT NULL,
  row_count BIGINT NOT NULL,
  row_hash BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS history.appended (
  publication_id INTEGER NOT NULL,
  table_name VARCHAR NOT NULL,
  part VARCHAR NOT NULL,
  first_key BIGINT NOT NULL,
  last_key BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS history.beginning (
  publication_id INTEGER NOT NULL,
  reason VARCHAR NOT NULL
);
