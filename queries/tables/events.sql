-- events: the private tables, with hashed ids; the dashboard's role never reads them.
-- Source: specification, "Data Capture and Storage"; design, section 5.

CREATE TABLE IF NOT EXISTS events.store (
  name VARCHAR(32) NOT NULL,
  setting VARCHAR(64) NOT NULL
);

CREATE TABLE IF NOT EXISTS events.load (
  load_id INTEGER NOT NULL,
  source VARCHAR(1024) NOT NULL,
  sha256 VARCHAR(64) NOT NULL,
  format VARCHAR(16) NOT NULL,
  rows_read BIGINT NOT NULL,
  rows_kept BIGINT NOT NULL,
  rows_rejected BIGINT NOT NULL,
  rejected_by_reason VARCHAR(4096) NOT NULL,
  unknown_types VARCHAR(4096) NOT NULL,
  first_timestamp BIGINT,
  last_timestamp BIGINT,
  loaded_at TIMESTAMP NOT NULL,
  status VARCHAR(16) NOT NULL
);

CREATE TABLE IF NOT EXISTS events.reject (
  load_id INTEGER NOT NULL,
  line BIGINT NOT NULL,
  column_name VARCHAR(64) NOT NULL,
  reason VARCHAR(256) NOT NULL
);

CREATE TABLE IF NOT EXISTS events.event (
  "timestamp" BIGINT NOT NULL,
  seq_id VARCHAR(64),
  seq_time BIGINT,
  type VARCHAR(128) NOT NULL,
  uid VARCHAR(64),
  device_id VARCHAR(64),
  new_user SMALLINT,
  user_agent_browser VARCHAR(256),
  user_agent_version VARCHAR(256),
  user_agent_os VARCHAR(256),
  service VARCHAR(256),
  context VARCHAR(256),
  entrypoint VARCHAR(256),
  campaign VARCHAR(256),
  migration VARCHAR(256),
  region VARCHAR(256),
  load_id INTEGER
);

CREATE TABLE IF NOT EXISTS events.known_user (
  user_id INTEGER NOT NULL,
  uid VARCHAR(64) NOT NULL
);

CREATE TABLE IF NOT EXISTS events.known_device (
  device_id INTEGER NOT NULL,
  device VARCHAR(64) NOT NULL
);

CREATE TABLE IF NOT EXISTS events.user_day (
  day DATE NOT NULL,
  user_id INTEGER NOT NULL,
  segment_id INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS events.user_device_day (
  day DATE NOT NULL,
  user_id INTEGER NOT NULL,
  device_id INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS events.multi_device_day (
  day DATE NOT NULL,
  user_id INTEGER NOT NULL,
  days_since_other_device INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS events.attempt (
  seq_id VARCHAR(64) NOT NULL,
  first_day DATE NOT NULL,
  last_day DATE NOT NULL,
  day_begun DATE,
  day_ready DATE,
  ready_ms BIGINT,
  user_id INTEGER,
  new_account SMALLINT NOT NULL,
  browser VARCHAR(256),
  version VARCHAR(256),
  os VARCHAR(256),
  service VARCHAR(256),
  context VARCHAR(256),
  entrypoint VARCHAR(256),
  campaign VARCHAR(256),
  migration VARCHAR(256),
  region VARCHAR(256),
  sequence_begin_ms BIGINT,
  account_created_ms BIGINT,
  account_login_ms BIGINT,
  account_verified_ms BIGINT,
  device_created_ms BIGINT,
  device_connected_ms BIGINT
);

CREATE TABLE IF NOT EXISTS events.stale_attempt_day (
  first_day DATE NOT NULL
);

CREATE TABLE IF NOT EXISTS events.unpublished_day (
  day DATE NOT NULL
);
