-- table_name: the tables of a publication, and whether they hold numbers by day.
CREATE OR REPLACE TEMPORARY TABLE table_name (table_name VARCHAR, numbers BOOLEAN)
