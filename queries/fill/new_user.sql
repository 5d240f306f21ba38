-- new_user: how many users were active for the first time ever, per day and set of that day's segments.
-- Grain:   one row per (day, set_key); beginning: one row per user, first_segment: one row per user and segment;
--          working tables of one run.
-- Reads:   events.user_day, events.earlier_user (users who were active on days that have expired), kpi.segment.
-- Params:  first_day (UTC date, included).
-- Note:    on the first day of all, a user's set of 28 days is the set of that day.
-- Source:  design, section 4b.
DROP TABLE IF EXISTS beginning;

CREATE TEMPORARY TABLE beginning AS
SELECT d.user_id, MIN(d.day) AS day
FROM events.user_day AS d
LEFT JOIN events.earlier_user AS e ON e.user_id = d.user_id
WHERE e.user_id IS NULL
GROUP BY d.user_id
HAVING MIN(d.day) >= :first_day;

ANALYZE beginning;

DROP TABLE IF EXISTS first_segment;

CREATE TEMPORARY TABLE first_segment AS
SELECT d.day, d.user_id, d.segment_id
FROM beginning AS b
INNER JOIN events.user_day AS d ON d.user_id = b.user_id AND d.day = b.day
WHERE d.day >= :first_day;

ANALYZE first_segment;

DROP TABLE IF EXISTS new_user;

CREATE TEMPORARY TABLE new_user AS
SELECT day, set_key, COUNT(*) AS users
FROM (
  SELECT f.day, f.user_id, SUM(g.segment_key) AS set_key
  FROM first_segment AS f
  INNER JOIN kpi.segment AS g ON g.segment_id = f.segment_id
  GROUP BY f.day, f.user_id
) AS first_set
GROUP BY day, set_key;

ANALYZE new_user;
