-- kept_value: the values of each tag that have a name of their own; all others fold into '(other)'.
-- Grain:   one row per (tag, kept).
-- Reads:   tag_combination.
-- Params:  values_per_tag (how many values a tag may retain).
-- Rerun:   safe; a value once retained stays retained, the most frequent new values fill the room that is left.
INSERT INTO kpi.kept_value
SELECT "tag", tag_value
FROM (
  SELECT
    f."tag",
    f.tag_value,
    ROW_NUMBER() OVER (PARTITION BY f."tag" ORDER BY f.events DESC, f.tag_value) + COALESCE(MAX(k.already), 0) AS place
  FROM (
    SELECT CAST('browser' AS VARCHAR(16)) AS "tag", browser AS tag_value, SUM(events) AS events FROM tag_combination GROUP BY browser
    UNION ALL
    SELECT CAST('version' AS VARCHAR(16)) AS "tag", version AS tag_value, SUM(events) AS events FROM tag_combination GROUP BY version
    UNION ALL
    SELECT CAST('os' AS VARCHAR(16)) AS "tag", os AS tag_value, SUM(events) AS events FROM tag_combination GROUP BY os
    UNION ALL
    SELECT CAST('service' AS VARCHAR(16)) AS "tag", service AS tag_value, SUM(events) AS events FROM tag_combination GROUP BY service
  ) AS f
  LEFT JOIN kpi.kept_value AS same ON same."tag" = f."tag" AND same.kept = f.tag_value
  LEFT JOIN (SELECT "tag", COUNT(*) AS already FROM kpi.kept_value GROUP BY "tag") AS k ON k."tag" = f."tag"
  WHERE same."tag" IS NULL
  GROUP BY f."tag", f.tag_value, f.events
) AS ranked
WHERE place <= :values_per_tag;
