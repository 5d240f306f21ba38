-- private_tag: the values of tags that are to be blanked; filled by kpi/blank_tags.py.
-- Grain:   one row per tag and value; a working table of one run.
DROP TABLE IF EXISTS private_tag;

CREATE TEMPORARY TABLE private_tag (
  "tag" VARCHAR(16) NOT NULL,
  held VARCHAR(256) NOT NULL
);
