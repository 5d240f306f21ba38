-- undone_rows: the rows that the history has of a table, each by its publication, part and key.
-- Names:   table; part, key (expressions over each).
SELECT '$table' AS table_name, publication_id, $part AS part, CAST($key AS BIGINT) AS key
FROM history.$table
