-- segment: one row per combination of tags, with the random key that sums identify sets by.
-- Grain:   one row per (browser, version, os, service, new_user).
-- Reads:   tag_combination, kpi.kept_value.
-- Creates: tag_segment, the segment of every combination in the events.
-- Rerun:   safe; only combinations not yet known are added.
-- Source:  design, section 4.
DROP TABLE IF EXISTS folded_tags;

CREATE TEMPORARY TABLE folded_tags AS
SELECT
  t.raw_browser,
  t.raw_version,
  t.raw_os,
  t.raw_service,
  t.new_user,
  COALESCE(b.kept, '(other)') AS browser,
  COALESCE(v.kept, '(other)') AS version,
  COALESCE(o.kept, '(other)') AS os,
  COALESCE(s.kept, '(other)') AS service
FROM tag_combination AS t
LEFT JOIN kpi.kept_value AS b ON b."tag" = 'browser' AND b.kept = t.browser
LEFT JOIN kpi.kept_value AS v ON v."tag" = 'version' AND v.kept = t.version
LEFT JOIN kpi.kept_value AS o ON o."tag" = 'os' AND o.kept = t.os
LEFT JOIN kpi.kept_value AS s ON s."tag" = 'service' AND s.kept = t.service;

INSERT INTO kpi.segment (segment_id, browser, version, os, service, new_user, segment_key)
SELECT
  (SELECT COALESCE(MAX(segment_id), 0) FROM kpi.segment)
    + ROW_NUMBER() OVER (ORDER BY browser, version, os, service, new_user),
  browser,
  version,
  os,
  service,
  new_user,
  CAST(FLOOR(RANDOM() * 1073741824) AS DECIMAL(38, 0)) * 1152921504606846976
    + CAST(FLOOR(RANDOM() * 1073741824) AS DECIMAL(38, 0)) * 1073741824
    + CAST(FLOOR(RANDOM() * 1073741824) AS DECIMAL(38, 0)) + 1
FROM (
  SELECT DISTINCT t.browser, t.version, t.os, t.service, t.new_user
  FROM folded_tags AS t
  LEFT JOIN kpi.segment AS g
    ON g.browser = t.browser AND g.version = t.version AND g.os = t.os
    AND g.service = t.service AND g.new_user = t.new_user
  WHERE g.segment_id IS NULL
) AS unknown;

ANALYZE kpi.segment;

DROP TABLE IF EXISTS tag_segment;

CREATE TEMPORARY TABLE tag_segment AS
SELECT t.raw_browser, t.raw_version, t.raw_os, t.raw_service, t.new_user, g.segment_id
FROM folded_tags AS t
INNER JOIN kpi.segment AS g
  ON g.browser = t.browser
  AND g.version = t.version
  AND g.os = t.os
  AND g.service = t.service
  AND g.new_user = t.new_user;

ANALYZE tag_segment;
