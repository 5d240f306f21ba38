-- growth: users over 28 days, and the flows that made them more or fewer than on the day before, under any filter.
-- Grain:   one row per (broken_by, day), for every day from the first to the last; with a breakdown, for
--          every value under which anybody was active.
-- Reads:   kpi.segment, kpi.segment_set_member, kpi.monthly_users_change, kpi.monthly_move,
--          kpi.day_status, kpi.followed_from.
-- Params:  counted_audiences (active, with an asterisk for counts by sets without versions), lowest_set,
--          highest_set (which sets those are), broken_by (browser, version, os, service, users or ''),
--          first_day, last_day (UTC dates, both included), with_incomplete (0 or 1), and the filter's.
-- Note:    users come into the filter's sets from set -1 (new), from set 0 (returned) or from a set outside
--          (moved in), and leave them for set 0 (lapsed) or for a set outside (moved out).
-- Note:    without a breakdown sets are compared by their numbers alone, which takes two thirds of the time.
-- Note:    monthly users are absent (NULL) where a day of their window isn't loaded; flows where monthly users of
--          the day or of the day before are, and on the first 56 days of the history, or of what is left of it
--          in a store that an older version made: nobody is known to come back before.
-- Source:  design, sections 4b and 6.
WITH
picked_set AS (
  SELECT DISTINCT
    m.set_id,
    CASE CAST('' AS VARCHAR(16))
      WHEN 'browser' THEN g.browser
      WHEN 'version' THEN g.version
      WHEN 'os' THEN g.os
      WHEN 'service' THEN g.service
      WHEN 'users' THEN CASE WHEN g.new_user = 1 THEN 'new' ELSE 'existing' END
      ELSE ''
    END AS broken_by
  FROM kpi.segment_set_member AS m
  INNER JOIN kpi.segment AS g ON g.segment_id = m.segment_id
  WHERE
    m.set_id >= -2147483647
    AND m.set_id <= -1
    AND g.os NOT IN ('Android', 'iOS')
),
flow AS (
  SELECT
    t.broken_by,
    m.day,
    SUM(CASE WHEN m.from_set = -1 THEN m.users ELSE 0 END) AS new_users,
    SUM(CASE WHEN m.from_set = 0 THEN m.users ELSE 0 END) AS returned,
    SUM(CASE WHEN m.from_set IN (0, -1) THEN 0 ELSE m.users END) AS moved_in,
    0 AS lapsed,
    0 AS moved_out
  FROM kpi.monthly_move AS m
  INNER JOIN picked_set AS t ON t.set_id = m.to_set
  LEFT JOIN picked_set AS f
    ON f.set_id = m.from_set
  WHERE m.audience IN ('active*') AND f.set_id IS NULL
  GROUP BY t.broken_by, m.day
  UNION ALL
  SELECT
    f.broken_by,
    m.day,
    0 AS new_users,
    0 AS returned,
    0 AS moved_in,
    SUM(CASE WHEN m.to_set = 0 THEN m.users ELSE 0 END) AS lapsed,
    SUM(CASE WHEN m.to_set = 0 THEN 0 ELSE m.users END) AS moved_out
  FROM kpi.monthly_move AS m
  INNER JOIN picked_set AS f ON f.set_id = m.from_set
  LEFT JOIN picked_set AS t
    ON t.set_id = m.to_set
  WHERE m.audience IN ('active*') AND t.set_id IS NULL
  GROUP BY f.broken_by, m.day
),
daily AS (
  SELECT
    broken_by,
    day,
    SUM(new_users) AS new_users,
    SUM(returned) AS returned,
    SUM(moved_in) AS moved_in,
    SUM(lapsed) AS lapsed,
    SUM(moved_out) AS moved_out
  FROM flow
  GROUP BY broken_by, day
),
monthly AS (
  SELECT p.broken_by, c.day, SUM(c.change) AS change
  FROM kpi.monthly_users_change AS c
  INNER JOIN picked_set AS p ON p.set_id = c.set_id
  WHERE c.audience IN ('active*')
  GROUP BY p.broken_by, c.day
),
found AS (
  SELECT DISTINCT broken_by FROM monthly
  UNION
  SELECT CAST('' AS VARCHAR(16)) AS broken_by
  WHERE CAST('' AS VARCHAR(16)) = ''
),
followed AS (
  SELECT GREATEST(h.first_day, f.first_day) + 56 AS first_day
  FROM (
    SELECT MIN(day) AS first_day
    FROM kpi.day_status
    WHERE type = '(all)'
  ) AS h
  CROSS JOIN kpi.followed_from AS f
),
windowed AS (
  SELECT
    v.broken_by,
    y.day,
    SUM(y.counted) OVER (
      PARTITION BY v.broken_by ORDER BY y.day ROWS BETWEEN 27 PRECEDING AND CURRENT ROW
    ) AS month_days,
    SUM(COALESCE(m.change, 0)) OVER (
      PARTITION BY v.broken_by ORDER BY y.day ROWS UNBOUNDED PRECEDING
    ) AS month_users,
    COALESCE(d.new_users, 0) AS new_users,
    COALESCE(d.returned, 0) AS returned,
    COALESCE(d.moved_in, 0) AS moved_in,
    COALESCE(d.lapsed, 0) AS lapsed,
    COALESCE(d.moved_out, 0) AS moved_out
  FROM found AS v
  CROSS JOIN (
    SELECT
      day,
      CASE WHEN loaded = 1 AND (complete = 1 OR 0 = 1) THEN 1 ELSE 0 END AS counted
    FROM kpi.day_status
    WHERE type = '(all)'
  ) AS y
  LEFT JOIN daily AS d ON d.broken_by = v.broken_by AND d.day = y.day
  LEFT JOIN monthly AS m ON m.broken_by = v.broken_by AND m.day = y.day
),
compared AS (
  SELECT
    w.broken_by,
    w.day,
    CASE WHEN w.month_days = 28 THEN w.month_users END AS mau,
    LAG(CASE WHEN w.month_days = 28 THEN w.month_users END) OVER (
      PARTITION BY w.broken_by ORDER BY w.day
    ) AS mau_before,
    CASE WHEN f.first_day IS NULL THEN 0 ELSE 1 END AS followed,
    w.new_users,
    w.returned,
    w.moved_in,
    w.lapsed,
    w.moved_out
  FROM windowed AS w
  LEFT JOIN followed AS f ON f.first_day <= w.day
)
SELECT
  broken_by,
  day,
  mau,
  mau_before,
  CASE WHEN followed = 1 AND mau + mau_before IS NOT NULL THEN new_users END AS new_users,
  CASE WHEN followed = 1 AND mau + mau_before IS NOT NULL THEN returned END AS returned,
  CASE WHEN followed = 1 AND mau + mau_before IS NOT NULL THEN moved_in END AS moved_in,
  CASE WHEN followed = 1 AND mau + mau_before IS NOT NULL THEN lapsed END AS lapsed,
  CASE WHEN followed = 1 AND mau + mau_before IS NOT NULL THEN moved_out END AS moved_out
FROM compared
WHERE day >= '1970-01-01' AND day <= '9999-01-01'
ORDER BY broken_by, day;
