-- no_rows: before_row without rows, where there is no publication before.
CREATE OR REPLACE TEMPORARY VIEW before_row AS
SELECT *
FROM after_row
WHERE FALSE
