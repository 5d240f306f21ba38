-- audience: who is counted, as a range of days since a user last used another device.
-- Grain:   one row per audience; a working table of one run.
-- Note:    999 stands for a user with no other device within the widest window.
-- Source:  design, sections 3 and 5.
DROP TABLE IF EXISTS audience;

CREATE TEMPORARY TABLE audience AS
SELECT CAST('active' AS VARCHAR(16)) AS audience, 0 AS lowest, 999 AS highest
UNION ALL
SELECT CAST('single_device_5' AS VARCHAR(16)) AS audience, 5 AS lowest, 999 AS highest
UNION ALL
SELECT CAST('multi_device_3' AS VARCHAR(16)) AS audience, 0 AS lowest, 2 AS highest
UNION ALL
SELECT CAST('multi_device_5' AS VARCHAR(16)) AS audience, 0 AS lowest, 4 AS highest
UNION ALL
SELECT CAST('multi_device_7' AS VARCHAR(16)) AS audience, 0 AS lowest, 6 AS highest
UNION ALL
SELECT CAST('multi_device_14' AS VARCHAR(16)) AS audience, 0 AS lowest, 13 AS highest;
