-- judged_day: every UTC day with events, how many it has, and whether they are enough for a loaded day.
-- Grain:   one row per day; a working table of one run. present_load_day: one row per (day, load_id).
-- Reads:   events.event, kpi.load_day, kpi.day_status.
-- Params:  frozen_before (days before it are frozen: their published volumes and status stay),
--          min_day_percent.
-- Note:    a day is loaded when it has at least so many percent of the median of its nearest days with
--          events, up to 14 before and 14 after. A day without any other is loaded. A single event loads no day
--          among days of 10 or more, of which it may be over so many percent.
-- Source:  design, section 3 (loaded day).
ANALYZE events.event;

DROP TABLE IF EXISTS present_load_day;

CREATE TEMPORARY TABLE present_load_day AS
SELECT
  DATE '1970-01-01' + CAST(FLOOR("timestamp" / 86400000.0) AS INTEGER) AS day,
  COALESCE(load_id, 0) AS load_id,
  COUNT(*) AS events
FROM events.event
GROUP BY
  DATE '1970-01-01' + CAST(FLOOR("timestamp" / 86400000.0) AS INTEGER),
  COALESCE(load_id, 0);

DROP TABLE IF EXISTS judged_day;

CREATE TEMPORARY TABLE judged_day AS
WITH volume AS (
  SELECT day, CAST(SUM(events) AS BIGINT) AS events
  FROM (
    SELECT day, events FROM present_load_day WHERE day >= :frozen_before
    UNION ALL
    SELECT day, events FROM kpi.load_day WHERE day < :frozen_before
  ) AS present
  GROUP BY day
),
placed AS (
  SELECT day, events, ROW_NUMBER() OVER (ORDER BY day) AS place
  FROM volume
),
usual AS (
  SELECT p.day, PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY n.events) AS median_events
  FROM placed AS p
  INNER JOIN placed AS n
    ON n.place >= p.place - 14 AND n.place <= p.place + 14 AND n.place <> p.place
  GROUP BY p.day
)
SELECT
  p.day,
  p.events,
  CASE
    WHEN p.day < :frozen_before THEN COALESCE(s.loaded, 0)
    WHEN u.median_events IS NULL THEN 1
    WHEN p.events = 1 AND u.median_events >= 10 AND :min_day_percent > 0 THEN 0
    WHEN p.events * 100 >= :min_day_percent * u.median_events THEN 1
    ELSE 0
  END AS loaded
FROM placed AS p
LEFT JOIN usual AS u ON u.day = p.day
LEFT JOIN kpi.day_status AS s ON s.day = p.day AND s.type = '(all)';
