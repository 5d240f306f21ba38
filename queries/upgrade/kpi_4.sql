-- kpi_4: version 4 adds kpi.month_activity, which `tables/kpi` creates and the next summary fills.
UPDATE kpi.publication SET schema_version = 4;
