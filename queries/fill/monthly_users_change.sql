-- monthly_users_change: how the number of users in exactly this set over 28 days changed on a day.
-- Grain:   one row per (audience, day, set_id) with a change.
-- Reads:   move_step, kpi.segment_set.
-- Params:  audience, first_day, last_day (UTC dates, both included).
-- Rerun:   safe; first_day..last_day is replaced, and days after it stay right, since last_day is
--          either the last loaded day or beyond the reach of what changed.
-- Note:    on first_day everybody enters the set that they were in before, or moves on from it; the count
--          before is subtracted.
-- Source:  specification, "Definitions" (monthly active users); design, section 4.
DELETE FROM kpi.monthly_users_change
WHERE audience = :audience AND day >= :first_day AND day <= :last_day;

INSERT INTO kpi.monthly_users_change (audience, day, set_id, change)
SELECT CAST(:audience AS VARCHAR(16)), day, set_id, SUM(change)
FROM (
  SELECT GREATEST(s.day, CAST(:first_day AS DATE)) AS day, k.set_id, s.users AS change
  FROM move_step AS s
  INNER JOIN kpi.segment_set AS k ON k.set_key = s.to_key
  UNION ALL
  SELECT s.day, k.set_id, -s.users AS change
  FROM move_step AS s
  INNER JOIN kpi.segment_set AS k ON k.set_key = s.from_key
  UNION ALL
  SELECT CAST(:first_day AS DATE) AS day, set_id, -change
  FROM kpi.monthly_users_change
  WHERE audience = :audience AND day < :first_day
) AS moved
GROUP BY day, set_id
HAVING SUM(change) <> 0
ORDER BY day, set_id;
