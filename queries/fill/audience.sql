-- audience: who is counted, as a range of days since a user last used another device, or because of a
-- device on the day, or of a return in the fourth week after it.
-- Grain:   one row per audience; a working table of one run.
-- Note:    users with a device, and those who returned, are counted by the day only.
--          999 marks a user with no other device within the widest window.
-- Source:  design, sections 3, 4b and 5.
DROP TABLE IF EXISTS audience;

CREATE TEMPORARY TABLE audience AS
SELECT CAST('active' AS VARCHAR(16)) AS audience, 0 AS lowest, 999 AS highest, 0 AS needs_device, 0 AS needs_return
UNION ALL
SELECT CAST('single_device_5' AS VARCHAR(16)) AS audience, 5 AS lowest, 999 AS highest, 0 AS needs_device, 0 AS needs_return
UNION ALL
SELECT CAST('multi_device_3' AS VARCHAR(16)) AS audience, 0 AS lowest, 2 AS highest, 0 AS needs_device, 0 AS needs_return
UNION ALL
SELECT CAST('multi_device_5' AS VARCHAR(16)) AS audience, 0 AS lowest, 4 AS highest, 0 AS needs_device, 0 AS needs_return
UNION ALL
SELECT CAST('multi_device_7' AS VARCHAR(16)) AS audience, 0 AS lowest, 6 AS highest, 0 AS needs_device, 0 AS needs_return
UNION ALL
SELECT CAST('multi_device_14' AS VARCHAR(16)) AS audience, 0 AS lowest, 13 AS highest, 0 AS needs_device, 0 AS needs_return
UNION ALL
SELECT CAST('with_device' AS VARCHAR(16)) AS audience, 0 AS lowest, 999 AS highest, 1 AS needs_device, 0 AS needs_return
UNION ALL
SELECT CAST('returned_week_4' AS VARCHAR(16)) AS audience, 0 AS lowest, 999 AS highest, 0 AS needs_device, 1 AS needs_return;
