-- tags_without_care: how tags are stored of which none is long, an id or an address: as they are.
-- Note:   DuckDB only. To plan what would be done with care takes half of the time of a small block.
CREATE OR REPLACE TEMP MACRO stored_tag(tag) AS tag;

CREATE OR REPLACE TEMP MACRO is_left_out(tag) AS FALSE;
