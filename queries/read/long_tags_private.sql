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
  LENGTH(user_agent_browser) >= 19 OR user_agent_browser LIKE '%@%'
  OR LENGTH(user_agent_version) >= 19 OR user_agent_version LIKE '%@%'
  OR LENGTH(user_agent_os) >= 19 OR user_agent_os LIKE '%@%'
  OR LENGTH(service) >= 19 OR service LIKE '%@%'
  OR LENGTH(context) >= 19 OR context LIKE '%@%'
  OR LENGTH(entrypoint) >= 19 OR entrypoint LIKE '%@%'
  OR LENGTH(campaign) >= 19 OR campaign LIKE '%@%'
  OR LENGTH(migration) >= 19 OR migration LIKE '%@%'
  OR LENGTH(region) >= 19 OR region LIKE '%@%'
UNION
SELECT browser, version, os, service, context, entrypoint, campaign, migration, region
FROM events.attempt
WHERE
  LENGTH(browser) >= 19 OR browser LIKE '%@%'
  OR LENGTH(version) >= 19 OR version LIKE '%@%'
  OR LENGTH(os) >= 19 OR os LIKE '%@%'
  OR LENGTH(service) >= 19 OR service LIKE '%@%'
  OR LENGTH(context) >= 19 OR context LIKE '%@%'
  OR LENGTH(entrypoint) >= 19 OR entrypoint LIKE '%@%'
  OR LENGTH(campaign) >= 19 OR campaign LIKE '%@%'
  OR LENGTH(migration) >= 19 OR migration LIKE '%@%'
  OR LENGTH(region) >= 19 OR region LIKE '%@%'
