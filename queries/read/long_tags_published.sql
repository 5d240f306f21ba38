-- long_tags_published: published tags that may be an id, a mail address or a token, by their length or
--                      an @; what decides is in queries/files/private_values.sql.
-- Grain:   one row per distinct combination.
-- Reads:   kpi.segment, kpi.kept_value, kpi.connection.
SELECT browser, version, os, service, NULL AS context, NULL AS entrypoint, NULL AS campaign, NULL AS migration, NULL AS region
FROM kpi.segment
WHERE
  LENGTH(browser) >= 19 OR POSITION('@' IN browser) > 0
  OR LENGTH(version) >= 19 OR POSITION('@' IN version) > 0
  OR LENGTH(os) >= 19 OR POSITION('@' IN os) > 0
  OR LENGTH(service) >= 19 OR POSITION('@' IN service) > 0
UNION
SELECT
  CASE WHEN "tag" = 'browser' THEN kept END,
  CASE WHEN "tag" = 'version' THEN kept END,
  CASE WHEN "tag" = 'os' THEN kept END,
  CASE WHEN "tag" = 'service' THEN kept END,
  NULL, NULL, NULL, NULL, NULL
FROM kpi.kept_value
WHERE LENGTH(kept) >= 19 OR POSITION('@' IN kept) > 0
UNION
SELECT NULL, NULL, NULL, NULL, context, entrypoint, campaign, migration, region
FROM kpi.connection
WHERE
  LENGTH(context) >= 19 OR POSITION('@' IN context) > 0
  OR LENGTH(entrypoint) >= 19 OR POSITION('@' IN entrypoint) > 0
  OR LENGTH(campaign) >= 19 OR POSITION('@' IN campaign) > 0
  OR LENGTH(migration) >= 19 OR POSITION('@' IN migration) > 0
  OR LENGTH(region) >= 19 OR POSITION('@' IN region) > 0
