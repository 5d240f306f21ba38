-- merged_segment: each segment and the segment that it is once private values are blanked: the first of
--                 all whose tags are alike then.
-- Grain:   one row per segment; a working table of one run.
-- Reads:   kpi.segment, private_tag.
DROP TABLE IF EXISTS merged_segment;

CREATE TEMPORARY TABLE merged_segment AS
SELECT
  segment_id,
  MIN(segment_id) OVER (PARTITION BY browser, version, os, service, new_user) AS merged_id
FROM (
  SELECT
    g.segment_id,
    CASE WHEN b.held IS NULL THEN g.browser ELSE '(none)' END AS browser,
    CASE WHEN v.held IS NULL THEN g.version ELSE '(none)' END AS version,
    CASE WHEN o.held IS NULL THEN g.os ELSE '(none)' END AS os,
    CASE WHEN s.held IS NULL THEN g.service ELSE '(none)' END AS service,
    g.new_user
  FROM kpi.segment AS g
  LEFT JOIN private_tag AS b ON b."tag" = 'browser' AND b.held = g.browser
  LEFT JOIN private_tag AS v ON v."tag" = 'version' AND v.held = g.version
  LEFT JOIN private_tag AS o ON o."tag" = 'os' AND o.held = g.os
  LEFT JOIN private_tag AS s ON s."tag" = 'service' AND s.held = g.service
) AS blanked;

ANALYZE merged_segment;
