-- attempt_tag_values: the values of each filter that only attempts have, with the attempts of the last 28 days.
-- Grain:   one row per (tag, found).
-- Reads:   kpi.connection, kpi.day_status.
-- Note:    the days are those that end with the last complete day, by the day an attempt began.
WITH combination AS (
  SELECT
    COALESCE(c.region, '(none)') AS region,
    COALESCE(c.context, '(none)') AS context,
    COALESCE(c.entrypoint, '(none)') AS entrypoint,
    COALESCE(c.campaign, '(none)') AS campaign,
    COALESCE(c.migration, '(none)') AS migration,
    SUM(CASE WHEN c.first_day > y.last_day - 28 AND c.first_day <= y.last_day THEN 1 ELSE 0 END) AS attempts
  FROM kpi.connection AS c
  CROSS JOIN (
    SELECT MAX(day) AS last_day FROM kpi.day_status WHERE type = '(all)' AND complete = 1
  ) AS y
  GROUP BY 1, 2, 3, 4, 5
),
tag_value AS (
  SELECT CAST('region' AS VARCHAR(16)) AS "tag", region AS found, attempts FROM combination
  UNION ALL
  SELECT CAST('context' AS VARCHAR(16)) AS "tag", context AS found, attempts FROM combination
  UNION ALL
  SELECT CAST('entrypoint' AS VARCHAR(16)) AS "tag", entrypoint AS found, attempts FROM combination
  UNION ALL
  SELECT CAST('campaign' AS VARCHAR(16)) AS "tag", campaign AS found, attempts FROM combination
  UNION ALL
  SELECT CAST('migration' AS VARCHAR(16)) AS "tag", migration AS found, attempts FROM combination
)
SELECT
  "tag",
  found,
  SUM(attempts) AS attempts,
  (SELECT COALESCE(SUM(attempts), 0) FROM combination) AS everyone
FROM tag_value
GROUP BY "tag", found
ORDER BY "tag", attempts DESC, found
