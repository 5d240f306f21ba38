-- long_tags_private: tags of events and attempts that may be an id, a mail address or a token, by their
--                    length or an @; what decides is in queries/files/private_values.sql.
-- Grain:   one row per distinct combination.
-- Reads:   events.event, events.attempt.
SELECT
  user_agent_browser AS browser,
  user_agent_version AS version,
  user_agent_os AS os,
  service,
  context,
  entrypoint,
  campaign,
  migration,
  region
FROM events.event
WHERE
  LENGTH(user_agent_browser) >= 19 OR POSITION('@' IN user_agent_browser) > 0
  OR LENGTH(user_agent_version) >= 19 OR POSITION('@' IN user_agent_version) > 0
  OR LENGTH(user_agent_os) >= 19 OR POSITION('@' IN user_agent_os) > 0
  OR LENGTH(service) >= 19 OR POSITION('@' IN service) > 0
  OR LENGTH(context) >= 19 OR POSITION('@' IN context) > 0
  OR LENGTH(entrypoint) >= 19 OR POSITION('@' IN entrypoint) > 0
  OR LENGTH(campaign) >= 19 OR POSITION('@' IN campaign) > 0
  OR LENGTH(migration) >= 19 OR POSITION('@' IN migration) > 0
  OR LENGTH(region) >= 19 OR POSITION('@' IN region) > 0
UNION
SELECT browser, version, os, service, context, entrypoint, campaign, migration, region
FROM events.attempt
WHERE
  LENGTH(browser) >= 19 OR POSITION('@' IN browser) > 0
  OR LENGTH(version) >= 19 OR POSITION('@' IN version) > 0
  OR LENGTH(os) >= 19 OR POSITION('@' IN os) > 0
  OR LENGTH(service) >= 19 OR POSITION('@' IN service) > 0
  OR LENGTH(context) >= 19 OR POSITION('@' IN context) > 0
  OR LENGTH(entrypoint) >= 19 OR POSITION('@' IN entrypoint) > 0
  OR LENGTH(campaign) >= 19 OR POSITION('@' IN campaign) > 0
  OR LENGTH(migration) >= 19 OR POSITION('@' IN migration) > 0
  OR LENGTH(region) >= 19 OR POSITION('@' IN region) > 0
