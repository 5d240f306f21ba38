-- tags_with_care: how tags are stored of which any may be long, an id or an address.
-- Note:   DuckDB only.
CREATE OR REPLACE TEMP MACRO stored_tag(tag) AS safe_tag(tag);

CREATE OR REPLACE TEMP MACRO is_left_out(tag) AS is_private(tag);
