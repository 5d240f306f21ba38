-- kept_value: the values of each tag that stand for themselves; all others fold into '(other)'.
-- Grain:   one row per (tag, kept).
-- Reads:   seen_tags.
-- Params:  kept_values (how many values a tag may keep).
-- Rerun:   safe; a value once kept stays kept, the most frequent new ones fill what room is left.
INSERT INTO kpi.kept_value
SELECT "tag", found
FROM (
  SELECT
    f."tag",
    f.found,
    ROW_NUMBER() OVER (PARTITION BY f."tag" ORDER BY f.events DESC, f.found) + COALESCE(MAX(k.already), 0) AS place
  FROM (
    SELECT CAST('browser' AS VARCHAR(16)) AS "tag", browser AS found, SUM(events) AS events FROM seen_tags GROUP BY browser
    UNION ALL
    SELECT CAST('version' AS VARCHAR(16)) AS "tag", version AS found, SUM(events) AS events FROM seen_tags GROUP BY version
    UNION ALL
    SELECT CAST('os' AS VARCHAR(16)) AS "tag", os AS found, SUM(events) AS events FROM seen_tags GROUP BY os
    UNION ALL
    SELECT CAST('service' AS VARCHAR(16)) AS "tag", service AS found, SUM(events) AS events FROM seen_tags GROUP BY service
  ) AS f
  LEFT JOIN kpi.kept_value AS same ON same."tag" = f."tag" AND same.kept = f.found
  LEFT JOIN (SELECT "tag", COUNT(*) AS already FROM kpi.kept_value GROUP BY "tag") AS k ON k."tag" = f."tag"
  WHERE same."tag" IS NULL
  GROUP BY f."tag", f.found, f.events
) AS ranked
WHERE place <= :kept_values;
