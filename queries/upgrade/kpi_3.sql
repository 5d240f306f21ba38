-- kpi_3: version 3 of the publication adds tables, which `tables/kpi` creates.
UPDATE kpi.publication SET schema_version = 3;
