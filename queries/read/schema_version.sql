-- schema_version: the version of the tables that a publication is made of.
SELECT schema_version
FROM kpi.publication
