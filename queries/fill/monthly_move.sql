-- monthly_move: how many users went from exactly this set over 28 days to exactly that set on a day. Set 0
-- is nobody's: users who lapsed, or come back. Set -1 is that of users who were never active before.
-- Grain:   one row per (audience, day, from_set, to_set) with users; from_set and to_set differ.
-- Reads:   move_step, new_user, kpi.segment_set.
-- Params:  audience, first_day, last_day (UTC dates, both included).
-- Rerun:   safe; first_day..last_day is replaced, and days after it stay right, since last_day is
--          either the last loaded day or beyond the reach of what changed. Whoever arrives on a later day is
--          sorted into new and returned again, since an earlier first day may have come or gone.
-- Source:  specification, "Definitions" (monthly active users); design, sections 4 and 4b.
DROP TABLE IF EXISTS moved;

CREATE TEMPORARY TABLE moved AS
WITH newcomer AS (
  SELECT n.day, k.set_id, n.users
  FROM new_user AS n
  INNER JOIN kpi.segment_set AS k ON k.set_key = n.set_key
)
SELECT day, from_set, to_set, SUM(users) AS users
FROM (
  SELECT s.day, COALESCE(f.set_id, 0) AS from_set, COALESCE(t.set_id, 0) AS to_set, s.users
  FROM move_step AS s
  LEFT JOIN kpi.segment_set AS f ON f.set_key = s.from_key
  LEFT JOIN kpi.segment_set AS t ON t.set_key = s.to_key
  WHERE s.day >= :first_day
  UNION ALL
  SELECT day, 0 AS from_set, to_set, users
  FROM kpi.monthly_move
  WHERE audience = :audience AND day > :last_day AND from_set IN (0, -1)
  UNION ALL
  SELECT day, -1 AS from_set, set_id AS to_set, users
  FROM newcomer
  UNION ALL
  SELECT day, 0 AS from_set, set_id AS to_set, -users AS users
  FROM newcomer
) AS step
GROUP BY day, from_set, to_set
HAVING SUM(users) <> 0;

DELETE FROM kpi.monthly_move
WHERE
  audience = :audience
  AND day >= :first_day
  AND (day <= :last_day OR from_set IN (0, -1));

INSERT INTO kpi.monthly_move (audience, day, from_set, to_set, users)
SELECT CAST(:audience AS VARCHAR(16)), day, from_set, to_set, users
FROM moved
ORDER BY day, from_set, to_set;
