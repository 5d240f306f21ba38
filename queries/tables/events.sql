-- events: the private tables, with hashed ids; the dashboard's role never reads them.
-- Source: specification, "Data Capture and Storage"; design, section 5.

CREATE TABLE IF NOT EXISTS events.store (
  name VARCHAR(32) ENCODE zstd NOT NULL,
  setting VARCHAR(64) ENCODE zstd NOT NULL
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS events.load (
  load_id INTEGER ENCODE az64 NOT NULL,
  source VARCHAR(1024) ENCODE zstd NOT NULL,
  sha256 VARCHAR(64) ENCODE zstd NOT NULL,
  format VARCHAR(16) ENCODE bytedict NOT NULL,
  rows_read BIGINT ENCODE az64 NOT NULL,
  rows_kept BIGINT ENCODE az64 NOT NULL,
  rows_rejected BIGINT ENCODE az64 NOT NULL,
  rejected_by_reason VARCHAR(4096) ENCODE zstd NOT NULL,
  unknown_types VARCHAR(4096) ENCODE zstd NOT NULL,
  first_timestamp BIGINT ENCODE az64,
  last_timestamp BIGINT ENCODE az64,
  loaded_at TIMESTAMP ENCODE az64 NOT NULL,
  status VARCHAR(16) ENCODE bytedict NOT NULL
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS events.reject (
  load_id INTEGER ENCODE az64 NOT NULL,
  line BIGINT ENCODE az64 NOT NULL,
  column_name VARCHAR(64) ENCODE bytedict NOT NULL,
  reason VARCHAR(256) ENCODE zstd NOT NULL
) DISTSTYLE EVEN SORTKEY (load_id);

CREATE TABLE IF NOT EXISTS events.load_contents (
  load_id INTEGER ENCODE az64 NOT NULL,
  lines_passed_over BIGINT ENCODE az64 NOT NULL,
  rows_with_uid BIGINT ENCODE az64 NOT NULL,
  rows_with_device BIGINT ENCODE az64 NOT NULL,
  rows_with_sequence BIGINT ENCODE az64 NOT NULL,
  columns_missing VARCHAR(1024) ENCODE zstd NOT NULL,
  columns_ignored VARCHAR(4096) ENCODE zstd NOT NULL,
  cells_changed VARCHAR(4096) ENCODE zstd NOT NULL
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS events.load_day (
  load_id INTEGER ENCODE az64 NOT NULL,
  day DATE ENCODE az64 NOT NULL,
  events BIGINT ENCODE az64 NOT NULL,
  first_lines VARCHAR(256) ENCODE zstd NOT NULL
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS events.event (
  "timestamp" BIGINT ENCODE raw NOT NULL,
  seq_id VARCHAR(64) ENCODE zstd,
  seq_time BIGINT ENCODE az64,
  type VARCHAR(128) ENCODE bytedict NOT NULL,
  uid VARCHAR(64) ENCODE zstd,
  device_id VARCHAR(64) ENCODE zstd,
  new_user SMALLINT ENCODE az64,
  user_agent_browser VARCHAR(256) ENCODE zstd,
  user_agent_version VARCHAR(256) ENCODE zstd,
  user_agent_os VARCHAR(256) ENCODE zstd,
  service VARCHAR(256) ENCODE zstd,
  context VARCHAR(256) ENCODE zstd,
  entrypoint VARCHAR(256) ENCODE zstd,
  campaign VARCHAR(256) ENCODE zstd,
  migration VARCHAR(256) ENCODE zstd,
  region VARCHAR(256) ENCODE zstd,
  load_id INTEGER ENCODE az64
) DISTKEY (uid) SORTKEY ("timestamp");

CREATE TABLE IF NOT EXISTS events.known_user (
  user_id INTEGER ENCODE az64 NOT NULL,
  uid VARCHAR(64) ENCODE raw NOT NULL
) DISTKEY (uid) SORTKEY (uid);

CREATE TABLE IF NOT EXISTS events.known_device (
  device_id INTEGER ENCODE az64 NOT NULL,
  device VARCHAR(64) ENCODE raw NOT NULL
) DISTKEY (device) SORTKEY (device);

CREATE TABLE IF NOT EXISTS events.earlier_user (
  user_id INTEGER ENCODE az64 NOT NULL
) DISTKEY (user_id);

CREATE TABLE IF NOT EXISTS events.user_day (
  day DATE ENCODE raw NOT NULL,
  user_id INTEGER ENCODE az64 NOT NULL,
  segment_id INTEGER ENCODE az64 NOT NULL
) DISTKEY (user_id) SORTKEY (day);

CREATE TABLE IF NOT EXISTS events.user_device_day (
  day DATE ENCODE raw NOT NULL,
  user_id INTEGER ENCODE az64 NOT NULL,
  device_id INTEGER ENCODE az64 NOT NULL
) DISTKEY (user_id) SORTKEY (day);

CREATE TABLE IF NOT EXISTS events.multi_device_day (
  day DATE ENCODE raw NOT NULL,
  user_id INTEGER ENCODE az64 NOT NULL,
  days_since_other_device INTEGER ENCODE az64 NOT NULL
) DISTKEY (user_id) SORTKEY (day);

CREATE TABLE IF NOT EXISTS events.attempt (
  seq_id VARCHAR(64) ENCODE zstd NOT NULL,
  first_day DATE ENCODE raw NOT NULL,
  last_day DATE ENCODE az64 NOT NULL,
  day_begun DATE ENCODE az64,
  day_ready DATE ENCODE az64,
  ready_ms BIGINT ENCODE az64,
  user_id INTEGER ENCODE az64,
  new_account SMALLINT ENCODE az64 NOT NULL,
  browser VARCHAR(256) ENCODE zstd,
  version VARCHAR(256) ENCODE zstd,
  os VARCHAR(256) ENCODE zstd,
  service VARCHAR(256) ENCODE zstd,
  context VARCHAR(256) ENCODE zstd,
  entrypoint VARCHAR(256) ENCODE zstd,
  campaign VARCHAR(256) ENCODE zstd,
  migration VARCHAR(256) ENCODE zstd,
  region VARCHAR(256) ENCODE zstd,
  sequence_begin_ms BIGINT ENCODE az64,
  account_created_ms BIGINT ENCODE az64,
  account_login_ms BIGINT ENCODE az64,
  account_verified_ms BIGINT ENCODE az64,
  device_created_ms BIGINT ENCODE az64,
  device_connected_ms BIGINT ENCODE az64
) DISTKEY (seq_id) SORTKEY (first_day);

CREATE TABLE IF NOT EXISTS events.stale_attempt_day (
  first_day DATE ENCODE az64 NOT NULL
) DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS events.unpublished_day (
  day DATE ENCODE az64 NOT NULL
) DISTSTYLE ALL;
