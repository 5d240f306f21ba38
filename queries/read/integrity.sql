-- integrity: rules that hold in every publication, and in how many places each is broken.
-- Grain:   one row per rule.
SELECT 'one row per audience, day and set' AS rule, COUNT(*) AS faults
FROM (
  SELECT audience, day, set_id FROM kpi.daily_users GROUP BY audience, day, set_id HAVING COUNT(*) > 1
) AS doubled
UNION ALL
SELECT 'no set has fewer than no users' AS rule, COUNT(*) AS faults
FROM (
  SELECT SUM(change) OVER (
    PARTITION BY audience, set_id ORDER BY day ROWS UNBOUNDED PRECEDING
  ) AS users
  FROM kpi.monthly_users_change
) AS current_users
WHERE users < 0
UNION ALL
SELECT 'every move is of somebody, to another set' AS rule, COUNT(*) AS faults
FROM kpi.monthly_move
WHERE users < 1 OR from_set = to_set OR to_set = -1
UNION ALL
SELECT 'moves into a set less those out of it are its change' AS rule, COUNT(*) AS faults
FROM (
  SELECT s.day, c.set_id
  FROM (
    SELECT day, loaded + LAG(loaded) OVER (ORDER BY day) AS loaded
    FROM kpi.day_status
    WHERE type = '(all)'
  ) AS s
  INNER JOIN (
    SELECT day, set_id, change FROM kpi.monthly_users_change WHERE audience = 'active'
    UNION ALL
    SELECT day, to_set AS set_id, -users AS change FROM kpi.monthly_move WHERE audience = 'active'
    UNION ALL
    SELECT day, from_set AS set_id, users AS change FROM kpi.monthly_move WHERE audience = 'active'
  ) AS c ON c.day = s.day
  INNER JOIN kpi.followed_from AS f ON c.day >= f.first_day + 28
  WHERE s.loaded = 2 AND c.set_id NOT IN (0, -1)
  GROUP BY s.day, c.set_id
  HAVING SUM(c.change) <> 0
) AS apart
UNION ALL
SELECT 'every set has members' AS rule, COUNT(*) AS faults
FROM kpi.segment_set AS s
LEFT JOIN kpi.segment_set_member AS m ON m.set_id = s.set_id
WHERE m.set_id IS NULL
UNION ALL
SELECT 'single and multi-device users add up to all on every day' AS rule, COUNT(*) AS faults
FROM (
  SELECT day
  FROM kpi.daily_users
  WHERE audience IN ('active', 'single_device_5', 'multi_device_5')
  GROUP BY day
  HAVING SUM(CASE WHEN audience = 'active' THEN users ELSE -users END) <> 0
) AS torn
UNION ALL
SELECT 'same people are monthly users on every day counted so' AS rule, COUNT(*) AS faults
FROM (
  SELECT
    s.day,
    SUM(COALESCE(m.change, 0)) OVER (ORDER BY s.day ROWS UNBOUNDED PRECEDING) AS users
  FROM kpi.day_status AS s
  LEFT JOIN (
    SELECT day, SUM(change) AS change
    FROM kpi.monthly_users_change
    WHERE audience = 'active'
    GROUP BY day
  ) AS m ON m.day = s.day
  WHERE s.type = '(all)'
) AS monthly
INNER JOIN (
  SELECT day, SUM(CASE WHEN set_id > 0 THEN users ELSE 0 END) AS users, SUM(CASE WHEN set_id > 0 THEN users ELSE -users END) AS torn
  FROM kpi.month_activity
  GROUP BY day
) AS people ON people.day = monthly.day
WHERE people.users <> monthly.users OR people.torn <> 0
