-- segment_set, segment_set_member: the sets of segments that users were in, and their members.
-- Grain:   one row per set; one row per (set_id, segment_id).
-- Reads:   set_step, events.user_day, events.multi_device_day.
-- Params:  reach (days before the step's day over which a set is gathered, 0 or 27), lowest, highest
--          (the audience's days since another device), first_active_day, last_day (bounds of all the
--          days gathered from, so that the engine passes over the others).
-- Rerun:   safe; only sets not yet known are added.
-- Note:    any user who was in the set has its members.
DROP TABLE IF EXISTS new_set;

CREATE TEMPORARY TABLE new_set AS
SELECT
  (SELECT COALESCE(MAX(set_id), 0) FROM kpi.segment_set)
    + ROW_NUMBER() OVER (ORDER BY day, example_user, set_key) AS set_id,
  set_key,
  segment_id_sum,
  day,
  example_user
FROM (
  SELECT
    s.set_key,
    s.lowest_sum AS segment_id_sum,
    s.day,
    s.example_user,
    ROW_NUMBER() OVER (PARTITION BY s.set_key ORDER BY s.day, s.example_user) AS place
  FROM set_step AS s
  LEFT JOIN kpi.segment_set AS k ON k.set_key = s.set_key
  WHERE k.set_id IS NULL AND s.example_user IS NOT NULL
) AS unknown
WHERE place = 1;

ANALYZE new_set;

INSERT INTO kpi.segment_set (set_id, set_key, segment_id_sum)
SELECT set_id, set_key, segment_id_sum
FROM new_set;

DROP TABLE IF EXISTS example_day;

CREATE TEMPORARY TABLE example_day AS
SELECT n.set_id, d.day, d.user_id, d.segment_id
FROM new_set AS n
INNER JOIN events.user_day AS d
  ON d.user_id = n.example_user AND d.day <= n.day AND d.day >= n.day - CAST(:reach AS INTEGER)
WHERE d.day >= :first_active_day AND d.day <= :last_day;

ANALYZE example_day;

INSERT INTO kpi.segment_set_member (set_id, segment_id)
SELECT DISTINCT d.set_id, d.segment_id
FROM example_day AS d
LEFT JOIN events.multi_device_day AS m
  ON m.day = d.day AND m.user_id = d.user_id AND m.day >= :first_active_day AND m.day <= :last_day
WHERE
  COALESCE(m.days_since_other_device, 999) >= :lowest
  AND COALESCE(m.days_since_other_device, 999) <= :highest;

ANALYZE kpi.segment_set;
