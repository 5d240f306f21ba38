-- notes: what people add, frozen baselines, markers, named segments and the withdrawals of all, and the projections
-- that were published; stored apart from the publications, so that none of them can lose a note. Rows are only ever
-- added.
-- Source: design, section 5.

CREATE TABLE IF NOT EXISTS kpi.baseline (
  baseline_id VARCHAR(32) ENCODE zstd NOT NULL,
  measure VARCHAR(64) ENCODE zstd NOT NULL,
  device_window INTEGER ENCODE az64 NOT NULL,
  baseline DOUBLE PRECISION ENCODE raw NOT NULL,
  low_80 DOUBLE PRECISION ENCODE raw,
  high_80 DOUBLE PRECISION ENCODE raw,
  low_95 DOUBLE PRECISION ENCODE raw,
  high_95 DOUBLE PRECISION ENCODE raw,
  days INTEGER ENCODE az64 NOT NULL,
  first_day DATE ENCODE az64 NOT NULL,
  last_day DATE ENCODE az64 NOT NULL,
  filters VARCHAR(4096) ENCODE zstd NOT NULL,
  definitions VARCHAR(64) ENCODE zstd NOT NULL,
  publication_id INTEGER ENCODE az64 NOT NULL,
  frozen_at TIMESTAMP ENCODE az64 NOT NULL,
  frozen_by VARCHAR(256) ENCODE zstd NOT NULL,
  reason VARCHAR(1024) ENCODE zstd NOT NULL
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS kpi.marker (
  marker_id VARCHAR(32) ENCODE zstd NOT NULL,
  day DATE ENCODE az64 NOT NULL,
  label VARCHAR(256) ENCODE zstd NOT NULL,
  kind VARCHAR(16) ENCODE bytedict NOT NULL,
  url VARCHAR(1024) ENCODE zstd,
  marked_at TIMESTAMP ENCODE az64 NOT NULL,
  marked_by VARCHAR(256) ENCODE zstd NOT NULL
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS kpi.named_segment (
  segment_id VARCHAR(32) ENCODE zstd NOT NULL,
  name VARCHAR(256) ENCODE zstd NOT NULL,
  filters VARCHAR(4096) ENCODE zstd NOT NULL,
  saved_at TIMESTAMP ENCODE az64 NOT NULL,
  saved_by VARCHAR(256) ENCODE zstd NOT NULL,
  reason VARCHAR(1024) ENCODE zstd NOT NULL
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS kpi.withdrawal (
  note_id VARCHAR(32) ENCODE zstd NOT NULL,
  withdrawn_at TIMESTAMP ENCODE az64 NOT NULL,
  withdrawn_by VARCHAR(256) ENCODE zstd NOT NULL,
  reason VARCHAR(1024) ENCODE zstd NOT NULL
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS kpi.projection (
  goal_id VARCHAR(128) ENCODE zstd NOT NULL,
  as_of DATE ENCODE az64 NOT NULL,
  publication_id INTEGER ENCODE az64 NOT NULL,
  weeks INTEGER ENCODE az64 NOT NULL,
  due DATE ENCODE az64 NOT NULL,
  low DOUBLE PRECISION ENCODE raw NOT NULL,
  high DOUBLE PRECISION ENCODE raw NOT NULL
) DISTSTYLE ALL;
