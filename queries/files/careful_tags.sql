-- careful_tags: true where a tag of these rows asks for care, false or NULL where none does.
-- Grain:  one row.
-- Reads:  given_tag (the tags of a block of rows).
-- Note:   DuckDB only. Each is a chain of functions of a single column, see files/macros.
SELECT
  BOOL_OR(asks_for_care(browser))
  OR BOOL_OR(asks_for_care(version))
  OR BOOL_OR(asks_for_care(os))
  OR BOOL_OR(asks_for_care(service))
  OR BOOL_OR(asks_for_care(context))
  OR BOOL_OR(asks_for_care(entrypoint))
  OR BOOL_OR(asks_for_care(campaign))
  OR BOOL_OR(asks_for_care(migration))
  OR BOOL_OR(asks_for_care(region)) AS asks_for_care
FROM given_tag
