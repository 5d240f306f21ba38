-- grants: exactly these. The loader writes both schemas; the dashboard reads `kpi`, and may add a
-- frozen baseline, a marker, a named segment, or the withdrawal of any. Everybody else may do nothing.
-- Note:    servers only. Run again after an upgrade, for tables that were added.
REVOKE ALL ON SCHEMA events FROM PUBLIC;

REVOKE ALL ON SCHEMA kpi FROM PUBLIC;

REVOKE ALL ON SCHEMA events FROM GROUP kpi_dashboard;

REVOKE ALL ON ALL TABLES IN SCHEMA events FROM GROUP kpi_dashboard;

REVOKE ALL ON ALL TABLES IN SCHEMA kpi FROM GROUP kpi_dashboard;

GRANT USAGE ON SCHEMA events TO GROUP kpi_loader;

GRANT USAGE ON SCHEMA kpi TO GROUP kpi_loader;

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA events TO GROUP kpi_loader;

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA kpi TO GROUP kpi_loader;

GRANT USAGE ON SCHEMA kpi TO GROUP kpi_dashboard;

GRANT SELECT ON ALL TABLES IN SCHEMA kpi TO GROUP kpi_dashboard;

GRANT INSERT ON TABLE kpi.baseline TO GROUP kpi_dashboard;

GRANT INSERT ON TABLE kpi.marker TO GROUP kpi_dashboard;

GRANT INSERT ON TABLE kpi.named_segment TO GROUP kpi_dashboard;

GRANT INSERT ON TABLE kpi.withdrawal TO GROUP kpi_dashboard;
