-- kpi: what pages and exports read; no user, device or sequence id in any form.
-- Source: design, sections 4 and 5.

CREATE TABLE IF NOT EXISTS kpi.publication (
  publication_id INTEGER ENCODE az64 NOT NULL,
  built_at TIMESTAMP ENCODE az64 NOT NULL,
  schema_version INTEGER ENCODE az64 NOT NULL,
  definitions VARCHAR(64) ENCODE zstd NOT NULL,
  simulated SMALLINT ENCODE az64 NOT NULL
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS kpi.load_day (
  day DATE ENCODE az64 NOT NULL,
  load_id INTEGER ENCODE az64 NOT NULL,
  events BIGINT ENCODE az64 NOT NULL
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS kpi.day_status (
  day DATE ENCODE az64 NOT NULL,
  type VARCHAR(128) ENCODE bytedict NOT NULL,
  events BIGINT ENCODE az64 NOT NULL,
  loaded SMALLINT ENCODE az64 NOT NULL,
  complete SMALLINT ENCODE az64 NOT NULL,
  warnings VARCHAR(256) ENCODE zstd
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS kpi.load_manifest (
  load_id INTEGER ENCODE az64 NOT NULL,
  source VARCHAR(1024) ENCODE zstd NOT NULL,
  format VARCHAR(16) ENCODE bytedict NOT NULL,
  rows_read BIGINT ENCODE az64 NOT NULL,
  rows_kept BIGINT ENCODE az64 NOT NULL,
  rows_rejected BIGINT ENCODE az64 NOT NULL,
  rejected_by_reason VARCHAR(4096) ENCODE zstd NOT NULL,
  first_timestamp BIGINT ENCODE az64,
  last_timestamp BIGINT ENCODE az64,
  loaded_at TIMESTAMP ENCODE az64 NOT NULL,
  status VARCHAR(16) ENCODE bytedict NOT NULL
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS kpi.load_contents (
  load_id INTEGER ENCODE az64 NOT NULL,
  lines_passed_over BIGINT ENCODE az64 NOT NULL,
  rows_with_uid BIGINT ENCODE az64 NOT NULL,
  rows_with_device BIGINT ENCODE az64 NOT NULL,
  rows_with_sequence BIGINT ENCODE az64 NOT NULL,
  columns_missing VARCHAR(1024) ENCODE zstd NOT NULL,
  columns_ignored VARCHAR(4096) ENCODE zstd NOT NULL,
  cells_changed VARCHAR(4096) ENCODE zstd NOT NULL
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS kpi.doubtful_day (
  day DATE ENCODE az64 NOT NULL,
  load_id INTEGER ENCODE az64 NOT NULL,
  source VARCHAR(1024) ENCODE zstd NOT NULL,
  events BIGINT ENCODE az64 NOT NULL,
  first_lines VARCHAR(256) ENCODE zstd NOT NULL
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS kpi.day_coverage (
  day DATE ENCODE az64 NOT NULL,
  users BIGINT ENCODE az64 NOT NULL,
  users_with_device BIGINT ENCODE az64 NOT NULL,
  events_with_sequence BIGINT ENCODE az64 NOT NULL,
  days_since_low_coverage INTEGER ENCODE az64
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS kpi.retention (
  first_kept DATE ENCODE az64 NOT NULL,
  frozen_before DATE ENCODE az64 NOT NULL
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS kpi.kept_value (
  "tag" VARCHAR(16) ENCODE bytedict NOT NULL,
  kept VARCHAR(256) ENCODE zstd NOT NULL
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS kpi.segment (
  segment_id INTEGER ENCODE az64 NOT NULL,
  browser VARCHAR(256) ENCODE zstd NOT NULL,
  version VARCHAR(256) ENCODE zstd NOT NULL,
  os VARCHAR(256) ENCODE zstd NOT NULL,
  service VARCHAR(256) ENCODE zstd NOT NULL,
  new_user SMALLINT ENCODE az64 NOT NULL,
  segment_key DECIMAL(38, 0) ENCODE az64 NOT NULL
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS kpi.segment_set (
  set_id INTEGER ENCODE az64 NOT NULL,
  set_key DECIMAL(38, 0) ENCODE az64 NOT NULL,
  segment_id_sum BIGINT ENCODE az64 NOT NULL
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS kpi.segment_set_member (
  set_id INTEGER ENCODE az64 NOT NULL,
  segment_id INTEGER ENCODE az64 NOT NULL
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS kpi.daily_users (
  audience VARCHAR(16) ENCODE bytedict NOT NULL,
  day DATE ENCODE raw NOT NULL,
  set_id INTEGER ENCODE az64 NOT NULL,
  users BIGINT ENCODE az64 NOT NULL
) DISTKEY (set_id) SORTKEY (day, audience);

CREATE TABLE IF NOT EXISTS kpi.monthly_users_change (
  audience VARCHAR(16) ENCODE bytedict NOT NULL,
  day DATE ENCODE raw NOT NULL,
  set_id INTEGER ENCODE az64 NOT NULL,
  change BIGINT ENCODE az64 NOT NULL
) DISTKEY (set_id) SORTKEY (day, audience);

CREATE TABLE IF NOT EXISTS kpi.monthly_move (
  audience VARCHAR(16) ENCODE bytedict NOT NULL,
  day DATE ENCODE raw NOT NULL,
  from_set INTEGER ENCODE az64 NOT NULL,
  to_set INTEGER ENCODE az64 NOT NULL,
  users BIGINT ENCODE az64 NOT NULL
) DISTSTYLE EVEN SORTKEY (day, audience);

CREATE TABLE IF NOT EXISTS kpi.followed_from (
  first_day DATE ENCODE az64 NOT NULL
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS kpi.month_activity (
  day DATE ENCODE raw NOT NULL,
  set_id INTEGER ENCODE az64 NOT NULL,
  users BIGINT ENCODE az64 NOT NULL,
  week_users BIGINT ENCODE az64 NOT NULL,
  active_days BIGINT ENCODE az64 NOT NULL,
  active_days_squared BIGINT ENCODE az64 NOT NULL
) DISTKEY (set_id) SORTKEY (day);

CREATE TABLE IF NOT EXISTS kpi.connection (
  first_day DATE ENCODE raw NOT NULL,
  day_begun DATE ENCODE az64,
  day_ready DATE ENCODE az64,
  new_account SMALLINT ENCODE az64 NOT NULL,
  multi_device SMALLINT ENCODE az64 NOT NULL,
  segment_id INTEGER ENCODE az64 NOT NULL,
  context VARCHAR(256) ENCODE zstd,
  entrypoint VARCHAR(256) ENCODE zstd,
  campaign VARCHAR(256) ENCODE zstd,
  migration VARCHAR(256) ENCODE zstd,
  region VARCHAR(256) ENCODE zstd,
  ready SMALLINT ENCODE az64 NOT NULL,
  ready_ms BIGINT ENCODE az64,
  sequence_begin_ms BIGINT ENCODE az64,
  account_created_ms BIGINT ENCODE az64,
  account_login_ms BIGINT ENCODE az64,
  account_verified_ms BIGINT ENCODE az64,
  device_created_ms BIGINT ENCODE az64,
  device_connected_ms BIGINT ENCODE az64
) DISTSTYLE EVEN SORTKEY (first_day);

CREATE TABLE IF NOT EXISTS kpi.blank_sequence (
  first_day DATE ENCODE az64 NOT NULL,
  sequences BIGINT ENCODE az64 NOT NULL
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS kpi.firefox_engagement (
  day DATE ENCODE az64 NOT NULL,
  product VARCHAR(16) ENCODE bytedict NOT NULL,
  dau BIGINT ENCODE az64 NOT NULL,
  mau BIGINT ENCODE az64 NOT NULL
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS kpi.annotation (
  day DATE ENCODE az64 NOT NULL,
  label VARCHAR(256) ENCODE zstd NOT NULL,
  kind VARCHAR(16) ENCODE bytedict NOT NULL,
  url VARCHAR(1024) ENCODE zstd
) DISTSTYLE ALL;
