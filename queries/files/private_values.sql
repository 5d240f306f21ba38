-- private_values: of some values of a tag, those that look like an id, a mail address or a token.
-- Params:  held (a list), of_version: a version is published up to its first dot, which cuts an address short.
-- Note:    DuckDB only.
SELECT held
FROM (SELECT UNNEST($held) AS held) AS given
WHERE
  is_private(held)
  OR ($of_version AND CONTAINS(held, '@') AND is_private(SPLIT_PART(held, '.', 1) || '.com'))
