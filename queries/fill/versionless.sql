-- versionless: the same counts by sets of segments without their version, for every question that
-- doesn't ask for a version; they are some twenty times fewer.
-- Grain:   daily_users and monthly_users_change: one row per (audience, day, set_id), monthly_move: one row per
--          (audience, day, from_set, to_set), with an asterisk after the audience's name; month_activity: one
--          row per (day, set_id); segment_set_member: one row per (set_id, segment_id). Their set_id is below
--          -1, and the first segment of all that differ in the version only represents them.
-- Reads:   kpi.segment, kpi.segment_set_member, kpi.daily_users, kpi.monthly_users_change,
--          kpi.monthly_move, kpi.month_activity.
-- Rerun:   safe; all of them are made anew from the sets with versions.
-- Note:    a set with versions is in a set without as a whole, so that users add up exactly. Sets 0 and -1
--          of moves are nobody's in both; moves within a set without versions are none.
-- Source:  design, section 4; docs/decisions/versionless-sets.md.
DELETE FROM kpi.daily_users WHERE set_id < 0;

DELETE FROM kpi.monthly_users_change WHERE set_id < 0;

DELETE FROM kpi.monthly_move WHERE RIGHT(audience, 1) = '*';

DELETE FROM kpi.month_activity WHERE set_id < 0;

DELETE FROM kpi.segment_set_member WHERE set_id < 0;

DROP TABLE IF EXISTS versionless_member;

CREATE TEMPORARY TABLE versionless_member AS
SELECT DISTINCT m.set_id, f.segment_id
FROM kpi.segment_set_member AS m
INNER JOIN (
  SELECT
    segment_id AS versioned_id,
    MIN(segment_id) OVER (PARTITION BY browser, os, service, new_user) AS segment_id
  FROM kpi.segment
) AS f ON f.versioned_id = m.segment_id;

DROP TABLE IF EXISTS versionless_set;

CREATE TEMPORARY TABLE versionless_set AS
SELECT set_id, -1 - MIN(set_id) OVER (PARTITION BY set_key, segment_id_sum) AS versionless_id
FROM (
  SELECT m.set_id, SUM(g.segment_key) AS set_key, SUM(m.segment_id) AS segment_id_sum
  FROM versionless_member AS m
  INNER JOIN kpi.segment AS g ON g.segment_id = m.segment_id
  GROUP BY m.set_id
) AS keyed;

INSERT INTO kpi.segment_set_member (set_id, segment_id)
SELECT s.versionless_id, m.segment_id
FROM versionless_set AS s
INNER JOIN versionless_member AS m ON m.set_id = s.set_id
WHERE s.set_id = -1 - s.versionless_id
ORDER BY s.versionless_id, m.segment_id;

INSERT INTO kpi.daily_users (audience, day, set_id, users)
SELECT CAST(d.audience || '*' AS VARCHAR(16)), d.day, s.versionless_id, SUM(d.users)
FROM kpi.daily_users AS d
INNER JOIN versionless_set AS s ON s.set_id = d.set_id
GROUP BY d.audience, d.day, s.versionless_id
ORDER BY d.audience, d.day, s.versionless_id;

INSERT INTO kpi.monthly_users_change (audience, day, set_id, change)
SELECT CAST(c.audience || '*' AS VARCHAR(16)), c.day, s.versionless_id, SUM(c.change)
FROM kpi.monthly_users_change AS c
INNER JOIN versionless_set AS s ON s.set_id = c.set_id
GROUP BY c.audience, c.day, s.versionless_id
HAVING SUM(c.change) <> 0
ORDER BY c.audience, c.day, s.versionless_id;

INSERT INTO kpi.monthly_move (audience, day, from_set, to_set, users)
SELECT CAST(audience || '*' AS VARCHAR(16)), day, from_set, to_set, SUM(users)
FROM (
  SELECT
    m.audience,
    m.day,
    COALESCE(f.versionless_id, m.from_set) AS from_set,
    COALESCE(t.versionless_id, m.to_set) AS to_set,
    m.users
  FROM kpi.monthly_move AS m
  LEFT JOIN versionless_set AS f ON f.set_id = m.from_set
  LEFT JOIN versionless_set AS t ON t.set_id = m.to_set
) AS moved
WHERE from_set <> to_set
GROUP BY audience, day, from_set, to_set
ORDER BY audience, day, from_set, to_set;

INSERT INTO kpi.month_activity (day, set_id, users, week_users, active_days, active_days_squared)
SELECT
  a.day,
  s.versionless_id,
  SUM(a.users),
  SUM(a.week_users),
  SUM(a.active_days),
  SUM(a.active_days_squared)
FROM kpi.month_activity AS a
INNER JOIN versionless_set AS s ON s.set_id = a.set_id
GROUP BY a.day, s.versionless_id
ORDER BY s.versionless_id, a.day;
