-- blanked_published: private values are '(none)' in what is published; segments that are alike then are
--                    merged, and so are the sets of segments that have the same members then.
-- Reads:   private_tag, merged_segment.
-- Rerun:   safe; fill/versionless follows, which creates the sets without versions anew.
-- Note:    a user is in exactly one set on a day, so users of merged sets add up: every count is what it
--          would be if the values had been blank from the beginning.
UPDATE kpi.segment SET browser = '(none)' WHERE browser IN (SELECT held FROM private_tag WHERE "tag" = 'browser');

UPDATE kpi.segment SET version = '(none)' WHERE version IN (SELECT held FROM private_tag WHERE "tag" = 'version');

UPDATE kpi.segment SET os = '(none)' WHERE os IN (SELECT held FROM private_tag WHERE "tag" = 'os');

UPDATE kpi.segment SET service = '(none)' WHERE service IN (SELECT held FROM private_tag WHERE "tag" = 'service');

UPDATE kpi.connection SET context = NULL WHERE context IN (SELECT held FROM private_tag WHERE "tag" = 'context');

UPDATE kpi.connection SET entrypoint = NULL WHERE entrypoint IN (SELECT held FROM private_tag WHERE "tag" = 'entrypoint');

UPDATE kpi.connection SET campaign = NULL WHERE campaign IN (SELECT held FROM private_tag WHERE "tag" = 'campaign');

UPDATE kpi.connection SET migration = NULL WHERE migration IN (SELECT held FROM private_tag WHERE "tag" = 'migration');

UPDATE kpi.connection SET region = NULL WHERE region IN (SELECT held FROM private_tag WHERE "tag" = 'region');

DELETE FROM kpi.kept_value WHERE "tag" = 'browser' AND kept IN (SELECT held FROM private_tag WHERE "tag" = 'browser');

DELETE FROM kpi.kept_value WHERE "tag" = 'version' AND kept IN (SELECT held FROM private_tag WHERE "tag" = 'version');

DELETE FROM kpi.kept_value WHERE "tag" = 'os' AND kept IN (SELECT held FROM private_tag WHERE "tag" = 'os');

DELETE FROM kpi.kept_value WHERE "tag" = 'service' AND kept IN (SELECT held FROM private_tag WHERE "tag" = 'service');

INSERT INTO kpi.kept_value ("tag", kept)
SELECT DISTINCT p."tag", CAST('(none)' AS VARCHAR(256))
FROM private_tag AS p
LEFT JOIN kpi.kept_value AS k ON k."tag" = p."tag" AND k.kept = '(none)'
WHERE p."tag" IN ('browser', 'version', 'os', 'service') AND k."tag" IS NULL;

UPDATE kpi.connection
SET segment_id = g.merged_id
FROM merged_segment AS g
WHERE g.segment_id = kpi.connection.segment_id AND g.merged_id <> g.segment_id;

DELETE FROM kpi.segment
WHERE segment_id IN (SELECT segment_id FROM merged_segment WHERE merged_id <> segment_id);

DROP TABLE IF EXISTS merged_member;

CREATE TEMPORARY TABLE merged_member AS
SELECT DISTINCT m.set_id, g.merged_id AS segment_id
FROM kpi.segment_set_member AS m
INNER JOIN merged_segment AS g ON g.segment_id = m.segment_id
WHERE m.set_id > 0;

DROP TABLE IF EXISTS merged_set;

CREATE TEMPORARY TABLE merged_set AS
SELECT set_id, set_key, segment_id_sum, MIN(set_id) OVER (PARTITION BY set_key, segment_id_sum) AS merged_id
FROM (
  SELECT m.set_id, SUM(g.segment_key) AS set_key, SUM(CAST(m.segment_id AS BIGINT)) AS segment_id_sum
  FROM merged_member AS m
  INNER JOIN kpi.segment AS g ON g.segment_id = m.segment_id
  GROUP BY m.set_id
) AS keyed;

ANALYZE merged_set;

DELETE FROM kpi.segment_set_member;

INSERT INTO kpi.segment_set_member (set_id, segment_id)
SELECT m.set_id, m.segment_id
FROM merged_member AS m
INNER JOIN merged_set AS s ON s.set_id = m.set_id AND s.merged_id = s.set_id
ORDER BY m.set_id, m.segment_id;

DELETE FROM kpi.segment_set;

INSERT INTO kpi.segment_set (set_id, set_key, segment_id_sum)
SELECT set_id, set_key, segment_id_sum
FROM merged_set
WHERE merged_id = set_id
ORDER BY set_id;

DROP TABLE IF EXISTS merged_daily;

CREATE TEMPORARY TABLE merged_daily AS
SELECT d.audience, d.day, COALESCE(s.merged_id, d.set_id) AS set_id, SUM(d.users) AS users
FROM kpi.daily_users AS d
LEFT JOIN merged_set AS s ON s.set_id = d.set_id
WHERE d.set_id >= 0
GROUP BY d.audience, d.day, COALESCE(s.merged_id, d.set_id);

DELETE FROM kpi.daily_users;

INSERT INTO kpi.daily_users (audience, day, set_id, users)
SELECT audience, day, set_id, users
FROM merged_daily
ORDER BY audience, day, set_id;

DROP TABLE IF EXISTS merged_monthly;

CREATE TEMPORARY TABLE merged_monthly AS
SELECT c.audience, c.day, COALESCE(s.merged_id, c.set_id) AS set_id, SUM(c.change) AS change
FROM kpi.monthly_users_change AS c
LEFT JOIN merged_set AS s ON s.set_id = c.set_id
WHERE c.set_id >= 0
GROUP BY c.audience, c.day, COALESCE(s.merged_id, c.set_id)
HAVING SUM(c.change) <> 0;

DELETE FROM kpi.monthly_users_change;

INSERT INTO kpi.monthly_users_change (audience, day, set_id, change)
SELECT audience, day, set_id, change
FROM merged_monthly
ORDER BY audience, day, set_id;

DROP TABLE IF EXISTS merged_move;

CREATE TEMPORARY TABLE merged_move AS
SELECT
  m.audience,
  m.day,
  COALESCE(f.merged_id, m.from_set) AS from_set,
  COALESCE(t.merged_id, m.to_set) AS to_set,
  SUM(m.users) AS users
FROM kpi.monthly_move AS m
LEFT JOIN merged_set AS f ON f.set_id = m.from_set
LEFT JOIN merged_set AS t ON t.set_id = m.to_set
WHERE RIGHT(m.audience, 1) <> '*' AND COALESCE(f.merged_id, m.from_set) <> COALESCE(t.merged_id, m.to_set)
GROUP BY m.audience, m.day, COALESCE(f.merged_id, m.from_set), COALESCE(t.merged_id, m.to_set);

DELETE FROM kpi.monthly_move;

INSERT INTO kpi.monthly_move (audience, day, from_set, to_set, users)
SELECT audience, day, from_set, to_set, users
FROM merged_move
ORDER BY audience, day, from_set, to_set;

DROP TABLE IF EXISTS merged_activity;

CREATE TEMPORARY TABLE merged_activity AS
SELECT
  a.day,
  COALESCE(s.merged_id, a.set_id) AS set_id,
  SUM(a.users) AS users,
  SUM(a.week_users) AS week_users,
  SUM(a.active_days) AS active_days,
  SUM(a.active_days_squared) AS active_days_squared
FROM kpi.month_activity AS a
LEFT JOIN merged_set AS s ON s.set_id = a.set_id
WHERE a.set_id >= 0
GROUP BY a.day, COALESCE(s.merged_id, a.set_id);

DELETE FROM kpi.month_activity;

INSERT INTO kpi.month_activity (day, set_id, users, week_users, active_days, active_days_squared)
SELECT day, set_id, users, week_users, active_days, active_days_squared
FROM merged_activity
ORDER BY set_id, day;
