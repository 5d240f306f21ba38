-- groups: who may do what is granted to groups, and users are put into them.
-- Note:    servers only. PostgreSQL's roles and Redshift's groups are written alike, so that the very
--          grants that Redshift gets are tried on PostgreSQL. Groups that stand are passed over.
CREATE GROUP kpi_loader;

CREATE GROUP kpi_dashboard;
