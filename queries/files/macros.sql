-- macros: expressions that the statements reading files share.
-- Note:   DuckDB only. CASE guards what is dear: AND and OR compute both of their sides, and a long IN
--         becomes a join.
CREATE OR REPLACE TEMP MACRO word_cell(cell) AS
  CASE
    WHEN STRLEN(cell) > 4 THEN cell
    WHEN cell = '' OR cell = 'NULL' OR cell = 'null' OR cell = 'Null' THEN NULL
    ELSE cell
  END;

CREATE OR REPLACE TEMP MACRO plain_cell(cell) AS
  CASE
    WHEN STRLEN(cell) > 4 AND cell[1] <> ' ' AND cell[-1] <> ' ' THEN cell
    WHEN TRIM(cell) = '\N' THEN NULL
    ELSE word_cell(TRIM(cell))
  END;

CREATE OR REPLACE TEMP MACRO is_placeholder(id) AS
  CASE
    WHEN STRLEN(id) > 16 THEN FALSE
    WHEN id IS NULL THEN FALSE
    ELSE
      REGEXP_FULL_MATCH(
        LOWER(TRIM(id)),
        '|\\n|undefined|none|nil|null|nan|--?|\?|n/?a|<(null|nil)>|\((null|none)\)|\[object object\]|unknown|anonymous'
      )
      OR (STRLEN(id) < 16 AND LTRIM(id, '0 ') = '')
  END;

CREATE OR REPLACE TEMP MACRO spelled_id(id, as_written) AS
  CASE
    WHEN is_placeholder(id) THEN NULL
    WHEN as_written THEN id
    WHEN LOWER(id) = id THEN CASE WHEN CONTAINS(id, ' ') THEN TRIM(id) ELSE id END
    WHEN REGEXP_FULL_MATCH(TRIM(id), '[0-9A-Fa-f-]{8,}') THEN LOWER(TRIM(id))
    ELSE TRIM(id)
  END;

-- True for a tag that is long, or holds a mark of an address, a blank around it, a NUL character or a backslash.
-- The engine computes a chain of functions of a single column for each text of a Parquet dictionary, not each row.
CREATE OR REPLACE TEMP MACRO asks_for_care(tag) AS
  TRIM(TRANSLATE(tag[:23], '@\' || CHR(0), '')) <> tag;

CREATE OR REPLACE TEMP MACRO is_private(tag) AS
  CASE
    WHEN CONTAINS(tag, '@') AND STRLEN(tag) >= 6 THEN REGEXP_MATCHES(tag, '[^\s@]@[^\s@]+[.][A-Za-z]{2}')
    WHEN STRLEN(tag) < 24 OR tag IS NULL THEN FALSE
    WHEN NOT REGEXP_MATCHES(tag, '[0-9]') THEN FALSE
    WHEN REGEXP_MATCHES(tag, '[0-9A-Fa-f]{24}|([0-9A-Fa-f]{4,12}-){4}[0-9A-Fa-f]{12}|eyJ[A-Za-z0-9_-]{16}') THEN TRUE
    WHEN REGEXP_MATCHES(tag, '[A-Za-z0-9+/=]{32}') THEN REGEXP_MATCHES(tag, '[a-z]') AND REGEXP_MATCHES(tag, '[A-Z]')
    ELSE FALSE
  END;

CREATE OR REPLACE TEMP MACRO safe_tag(tag) AS
  CASE
    WHEN STRLEN(tag) < 24 AND NOT CONTAINS(tag, '@') THEN tag
    WHEN is_private(tag) THEN NULL
    WHEN STRLEN(tag) <= 256 THEN tag
    WHEN STRLEN(tag) = LENGTH(tag) THEN LEFT(tag, 256)
    ELSE LEFT(tag, 64)
  END;

CREATE OR REPLACE TEMP MACRO sane_unit(given, first_sane, last_sane) AS
  CASE
    WHEN TRY_CAST(given AS DOUBLE) BETWEEN first_sane AND last_sane THEN 'milliseconds'
    WHEN TRY_CAST(given AS DOUBLE) * 1000 BETWEEN first_sane AND last_sane THEN 'seconds'
    WHEN TRY_CAST(given AS DOUBLE) / 1000 BETWEEN first_sane AND last_sane THEN 'microseconds'
    WHEN TRY_CAST(given AS DOUBLE) / 1000000 BETWEEN first_sane AND last_sane THEN 'nanoseconds'
  END;

CREATE OR REPLACE TEMP MACRO unquoted(cell) AS
  CASE WHEN TRIM(cell) LIKE '"%"' AND LENGTH(TRIM(cell)) >= 2
    THEN REPLACE(SUBSTR(TRIM(cell), 2, LENGTH(TRIM(cell)) - 2), '""', '"') ELSE cell END;
