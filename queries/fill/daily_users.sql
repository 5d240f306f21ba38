-- daily_users: how many users were in exactly this set of segments, per UTC day.
-- Grain:   one row per (audience, day, set_id).
-- Reads:   set_step (as daily_step made it), audience, kpi.segment_set.
-- Params:  first_day, last_day (UTC dates, both included).
-- Rerun:   safe; first_day..last_day is replaced.
-- Source:  specification, "Definitions" (daily active users); design, section 4.
DELETE FROM kpi.daily_users WHERE day >= :first_day AND day <= :last_day;

INSERT INTO kpi.daily_users (audience, day, set_id, users)
SELECT a.audience, s.day, k.set_id, SUM(s.users)
FROM set_step AS s
INNER JOIN audience AS a
  ON s.days_since_other_device >= a.lowest
  AND s.days_since_other_device <= a.highest
  AND s.with_device >= a.needs_device
  AND s.returned >= a.needs_return
INNER JOIN kpi.segment_set AS k ON k.set_key = s.set_key
GROUP BY a.audience, s.day, k.set_id
ORDER BY a.audience, s.day, k.set_id;
