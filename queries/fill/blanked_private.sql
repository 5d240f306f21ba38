-- blanked_private: private values are blank in events and attempts, and users' days are of the segments
--                  that are left.
-- Reads:   private_tag, merged_segment.
-- Rerun:   safe.
UPDATE events.event SET user_agent_browser = NULL WHERE user_agent_browser IN (SELECT held FROM private_tag WHERE "tag" = 'browser');

UPDATE events.event SET user_agent_version = NULL WHERE user_agent_version IN (SELECT held FROM private_tag WHERE "tag" = 'version');

UPDATE events.event SET user_agent_os = NULL WHERE user_agent_os IN (SELECT held FROM private_tag WHERE "tag" = 'os');

UPDATE events.event SET service = NULL WHERE service IN (SELECT held FROM private_tag WHERE "tag" = 'service');

UPDATE events.event SET context = NULL WHERE context IN (SELECT held FROM private_tag WHERE "tag" = 'context');

UPDATE events.event SET entrypoint = NULL WHERE entrypoint IN (SELECT held FROM private_tag WHERE "tag" = 'entrypoint');

UPDATE events.event SET campaign = NULL WHERE campaign IN (SELECT held FROM private_tag WHERE "tag" = 'campaign');

UPDATE events.event SET migration = NULL WHERE migration IN (SELECT held FROM private_tag WHERE "tag" = 'migration');

UPDATE events.event SET region = NULL WHERE region IN (SELECT held FROM private_tag WHERE "tag" = 'region');

UPDATE events.attempt SET browser = NULL WHERE browser IN (SELECT held FROM private_tag WHERE "tag" = 'browser');

UPDATE events.attempt SET version = NULL WHERE version IN (SELECT held FROM private_tag WHERE "tag" = 'version');

UPDATE events.attempt SET os = NULL WHERE os IN (SELECT held FROM private_tag WHERE "tag" = 'os');

UPDATE events.attempt SET service = NULL WHERE service IN (SELECT held FROM private_tag WHERE "tag" = 'service');

UPDATE events.attempt SET context = NULL WHERE context IN (SELECT held FROM private_tag WHERE "tag" = 'context');

UPDATE events.attempt SET entrypoint = NULL WHERE entrypoint IN (SELECT held FROM private_tag WHERE "tag" = 'entrypoint');

UPDATE events.attempt SET campaign = NULL WHERE campaign IN (SELECT held FROM private_tag WHERE "tag" = 'campaign');

UPDATE events.attempt SET migration = NULL WHERE migration IN (SELECT held FROM private_tag WHERE "tag" = 'migration');

UPDATE events.attempt SET region = NULL WHERE region IN (SELECT held FROM private_tag WHERE "tag" = 'region');

DROP TABLE IF EXISTS merged_day;

CREATE TEMPORARY TABLE merged_day AS
SELECT DISTINCT d.day, d.user_id, g.merged_id AS segment_id
FROM events.user_day AS d
INNER JOIN merged_segment AS g ON g.segment_id = d.segment_id AND g.merged_id <> g.segment_id;

DELETE FROM events.user_day
WHERE segment_id IN (SELECT segment_id FROM merged_segment WHERE merged_id <> segment_id);

INSERT INTO events.user_day (day, user_id, segment_id)
SELECT n.day, n.user_id, n.segment_id
FROM merged_day AS n
LEFT JOIN events.user_day AS d ON d.day = n.day AND d.user_id = n.user_id AND d.segment_id = n.segment_id
WHERE d.day IS NULL
ORDER BY n.day, n.user_id;
