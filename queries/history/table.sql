-- table: the history's table of the rows that a table of kpi had otherwise; copies below 0 are rows that it hadn't.
-- Names:   table.
CREATE TABLE history.$table AS
SELECT CAST(0 AS INTEGER) AS publication_id, CAST(0 AS INTEGER) AS copies, each
FROM kpi.$table AS each
LIMIT 0
