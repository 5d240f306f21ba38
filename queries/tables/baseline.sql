-- baseline: frozen baselines; kept apart from the publications, so that none of them can lose one.
-- Source: design, section 5.

CREATE TABLE IF NOT EXISTS kpi.baseline (
  baseline_id VARCHAR(32) NOT NULL,
  measure VARCHAR(64) NOT NULL,
  device_window INTEGER NOT NULL,
  baseline DOUBLE PRECISION NOT NULL,
  low_80 DOUBLE PRECISION,
  high_80 DOUBLE PRECISION,
  low_95 DOUBLE PRECISION,
  high_95 DOUBLE PRECISION,
  days INTEGER NOT NULL,
  first_day DATE NOT NULL,
  last_day DATE NOT NULL,
  filters VARCHAR(4096) NOT NULL,
  definitions VARCHAR(64) NOT NULL,
  publication_id INTEGER NOT NULL,
  frozen_at TIMESTAMP NOT NULL,
  frozen_by VARCHAR(256) NOT NULL,
  reason VARCHAR(1024) NOT NULL
);
