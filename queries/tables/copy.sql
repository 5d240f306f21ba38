-- copy: what a local copy of a server's publication says of itself, in the copy alone.
-- Source: design, section 2.

CREATE TABLE IF NOT EXISTS kpi.copied_publication (
  store VARCHAR(64) NOT NULL,
  publication VARCHAR(64) NOT NULL,
  notes VARCHAR(64) NOT NULL
);

CREATE TABLE IF NOT EXISTS kpi.copied_table (
  table_name VARCHAR(64) NOT NULL,
  row_count BIGINT NOT NULL,
  row_hash VARCHAR(64) NOT NULL
);
