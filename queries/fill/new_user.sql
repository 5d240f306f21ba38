-- new_user: how many users were active for the first time ever, per day and set of that day's segments.
-- Grain:   one row per (day, set_key); beginning: one row per user; working tables of one run.
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

DROP TABLE IF EXISTS new_user;

CREATE TEMPORARY TABLE new_user AS
SELECT day, set_key, COUNT(*) AS users
FROM (
  SELECT b.day, b.user_id, SUM(g.segment_key) AS set_key
  FROM beginning AS b
  INNER JOIN events.user_day AS d ON d.user_id = b.user_id AND d.day = b.day
  INNER JOIN kpi.segment AS g ON g.segment_id = d.segment_id
  WHERE d.day >= :first_day
  GROUP BY b.day, b.user_id
) AS first_set
GROUP BY day, set_key;

ANALYZE new_user;
