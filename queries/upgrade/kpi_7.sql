-- kpi_7: version 7 adds kpi.named_segment beside the publications, which `tables/notes` creates.
UPDATE kpi.publication SET schema_version = 7;
