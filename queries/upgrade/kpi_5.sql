-- kpi_5: version 5 adds kpi.marker and kpi.withdrawal beside the publications, which `tables/notes` creates.
-- Note:    markers of earlier versions stay in kpi.annotation, where they are read as before.
UPDATE kpi.publication SET schema_version = 5;
