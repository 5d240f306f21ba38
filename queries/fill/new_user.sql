-- new_user: how many users were active for the first time ever, per day and set of that day's segments.
-- Grain:   one row per (day, set_key); beginning: one row per user, first_segment: one row per user and segment;
--          working tables of one run.
-- Reads:   events.user_day, events.earlier_user (users who were active on days that have expired), kpi.segment.
-- Params:  first_day (UTC date, included).
-- Note:    on the first day of all, a user's set of 28 days is the set of that day. Only users of these days are
--          looked for on the days before, of which there are many more.
-- Source:  design, section 4b.
DROP TABLE IF EXISTS beginning;

CREATE TEMPORARY TABLE beginning AS
WITH active_user AS (
  SELECT user_id, MIN(day) AS day
  FROM events.user_day
  WHERE day >= :first_day
  GROUP BY user_id
),
known AS (
  SELECT DISTINCT d.user_id
  FROM events.user_day AS d
  INNER JOIN active_user AS a ON a.user_id = d.user_id
  WHERE d.day < :first_day
)
SELECT a.user_id, a.day
FROM active_user AS a
LEFT JOIN known AS k ON k.user_id = a.user_id
LEFT JOIN events.earlier_user AS e ON e.user_id = a.user_id
WHERE k.user_id IS NULL AND e.user_id IS NULL;

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
