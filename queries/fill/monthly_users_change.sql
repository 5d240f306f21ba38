-- monthly_users_change: how the number of users in exactly this set over 28 days changed on a day.
-- Grain:   one row per (audience, day, set_id) with a change.
-- Reads:   set_step (as monthly_step made it), kpi.segment_set.
-- Params:  audience, first_day, last_day (UTC dates, both included).
-- Rerun:   safe; first_day..last_day is replaced, and days after it stay right, since last_day is
--          either the last loaded day or beyond the reach of what changed.
-- Source:  specification, "Definitions" (monthly active users); design, section 4.
DELETE FROM kpi.monthly_users_change
WHERE audience = :audience AND day >= :first_day AND day <= :last_day;

INSERT INTO kpi.monthly_users_change (audience, day, set_id, change)
SELECT CAST(:audience AS VARCHAR(16)), day, set_id, SUM(change)
FROM (
  SELECT s.day, k.set_id, s.users AS change
  FROM set_step AS s
  INNER JOIN kpi.segment_set AS k ON k.set_key = s.set_key
  UNION ALL
  SELECT CAST(:first_day AS DATE) AS day, set_id, -change
  FROM kpi.monthly_users_change
  WHERE audience = :audience AND day < :first_day
) AS moved
GROUP BY day, set_id
HAVING SUM(change) <> 0
ORDER BY day, set_id;
