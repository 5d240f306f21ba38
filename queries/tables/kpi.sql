-- kpi: what pages and exports read; no user, device or sequence id in any form.
-- Source: design, sections 4 and 5.

CREATE TABLE IF NOT EXISTS kpi.publication (
  publication_id INTEGER NOT NULL,
  built_at TIMESTAMP NOT NULL,
  schema_version INTEGER NOT NULL,
  definitions VARCHAR(64) NOT NULL,
  simulated SMALLINT NOT NULL
);

CREATE TABLE IF NOT EXISTS kpi.load_day (
  day DATE NOT NULL,
  load_id INTEGER NOT NULL,
  events BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS kpi.day_status (
  day DATE NOT NULL,
  type VARCHAR(128) NOT NULL,
  events BIGINT NOT NULL,
  loaded SMALLINT NOT NULL,
  complete SMALLINT NOT NULL,
  warnings VARCHAR(256)
);

CREATE TABLE IF NOT EXISTS kpi.load_manifest (
  load_id INTEGER NOT NULL,
  source VARCHAR(1024) NOT NULL,
  format VARCHAR(16) NOT NULL,
  rows_read BIGINT NOT NULL,
  rows_kept BIGINT NOT NULL,
  rows_rejected BIGINT NOT NULL,
  rejected_by_reason VARCHAR(4096) NOT NULL,
  first_timestamp BIGINT,
  last_timestamp BIGINT,
  loaded_at TIMESTAMP NOT NULL,
  status VARCHAR(16) NOT NULL
);

CREATE TABLE IF NOT EXISTS kpi.retention (
  first_kept DATE NOT NULL,
  frozen_before DATE NOT NULL
);

CREATE TABLE IF NOT EXISTS kpi.kept_value (
  tag VARCHAR(16) NOT NULL,
  kept VARCHAR(256) NOT NULL
);

CREATE TABLE IF NOT EXISTS kpi.segment (
  segment_id INTEGER NOT NULL,
  browser VARCHAR(256) NOT NULL,
  version VARCHAR(256) NOT NULL,
  os VARCHAR(256) NOT NULL,
  service VARCHAR(256) NOT NULL,
  new_user SMALLINT NOT NULL,
  segment_key DECIMAL(38, 0) NOT NULL
);

CREATE TABLE IF NOT EXISTS kpi.segment_set (
  set_id INTEGER NOT NULL,
  set_key DECIMAL(38, 0) NOT NULL,
  segment_id_sum BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS kpi.segment_set_member (
  set_id INTEGER NOT NULL,
  segment_id INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS kpi.daily_users (
  audience VARCHAR(16) NOT NULL,
  day DATE NOT NULL,
  set_id INTEGER NOT NULL,
  users BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS kpi.monthly_users_change (
  audience VARCHAR(16) NOT NULL,
  day DATE NOT NULL,
  set_id INTEGER NOT NULL,
  change BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS kpi.connection (
  first_day DATE NOT NULL,
  day_begun DATE,
  day_ready DATE,
  new_account SMALLINT NOT NULL,
  multi_device SMALLINT NOT NULL,
  segment_id INTEGER NOT NULL,
  context VARCHAR(256),
  entrypoint VARCHAR(256),
  campaign VARCHAR(256),
  migration VARCHAR(256),
  region VARCHAR(256),
  ready SMALLINT NOT NULL,
  ready_ms BIGINT,
  sequence_begin_ms BIGINT,
  account_created_ms BIGINT,
  account_login_ms BIGINT,
  account_verified_ms BIGINT,
  device_created_ms BIGINT,
  device_connected_ms BIGINT
);

CREATE TABLE IF NOT EXISTS kpi.firefox_engagement (
  day DATE NOT NULL,
  product VARCHAR(16) NOT NULL,
  dau BIGINT NOT NULL,
  mau BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS kpi.annotation (
  day DATE NOT NULL,
  label VARCHAR(256) NOT NULL,
  kind VARCHAR(16) NOT NULL,
  url VARCHAR(1024)
);
