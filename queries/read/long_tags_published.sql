-- long_tags_published: published tags that may be an id, a mail address or a token, by their length or
--                      an @; what decides is in queries/files/private_values.sql.
-- Grain:   one row per distinct combination.
-- Reads:   kpi.segment, kpi.kept_value, kpi.connection.
SELECT browser, version, os, service, NULL AS context, NULL AS entrypoint, NULL AS campaign, NULL AS migration, NULL AS region
FROM kpi.segment
WHERE
  LENGTH(browser) >= 19 OR browser LIKE '%@%'
  OR LENGTH(version) >= 19 OR version LIKE '%@%'
  OR LENGTH(os) >= 19 OR os LIKE '%@%'
  OR LENGTH(service) >= 19 OR service LIKE '%@%'
UNION
SELECT
  CASE WHEN "tag" = 'browser' THEN kept END,
  CASE WHEN "tag" = 'version' THEN kept END,
  CASE WHEN "tag" = 'os' THEN kept END,
  CASE WHEN "tag" = 'service' THEN kept END,
  NULL, NULL, NULL, NULL, NULL
FROM kpi.kept_value
WHERE LENGTH(kept) >= 19 OR kept LIKE '%@%'
UNION
SELECT NULL, NULL, NULL, NULL, context, entrypoint, campaign, migration, region
FROM kpi.connection
WHERE
  LENGTH(context) >= 19 OR context LIKE '%@%'
  OR LENGTH(entrypoint) >= 19 OR entrypoint LIKE '%@%'
  OR LENGTH(campaign) >= 19 OR campaign LIKE '%@%'
  OR LENGTH(migration) >= 19 OR migration LIKE '%@%'
  OR LENGTH(region) >= 19 OR region LIKE '%@%'
