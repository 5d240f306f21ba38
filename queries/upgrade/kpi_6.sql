-- kpi_6: version 6 adds kpi.monthly_move and kpi.followed_from, which `tables/kpi` creates and the next summary fills.
UPDATE kpi.publication SET schema_version = 6;
