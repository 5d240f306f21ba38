-- multi_device_day: users active on a device, and how many days ago they last used another.
-- Grain:   one row per (day, user_id) with another device within the widest window.
-- Reads:   events.user_device_day.
-- Params:  first_day, last_day (UTC dates, both included), first_device_day (first_day less the
--          widest window, plus 1), widest_window (days).
-- Rerun:   safe; first_day..last_day is replaced.
-- Note:    a user counts as multi-device for a window of N days when the number is below N. Within a
--          run of days on one device alone, the other device was last used on the day before the run.
-- Source:  specification, "Definitions" (multi-device user); design, section 3.
DELETE FROM events.multi_device_day WHERE day >= :first_day AND day <= :last_day;

INSERT INTO events.multi_device_day (day, user_id, days_since_other_device)
WITH device_range AS (
  SELECT day, user_id, MIN(device_id) AS lowest, MAX(device_id) AS highest
  FROM events.user_device_day
  WHERE day >= :first_device_day AND day <= :last_day
  GROUP BY day, user_id
),
neighbours AS (
  SELECT
    day,
    user_id,
    lowest,
    highest,
    LAG(day) OVER (PARTITION BY user_id ORDER BY day) AS day_before,
    LAG(lowest) OVER (PARTITION BY user_id ORDER BY day) AS lowest_before,
    LAG(highest) OVER (PARTITION BY user_id ORDER BY day) AS highest_before
  FROM device_range
),
other_device AS (
  SELECT
    day,
    user_id,
    CASE
      WHEN lowest <> highest THEN day
      ELSE MAX(CASE WHEN lowest <> lowest_before OR highest <> highest_before THEN day_before END)
        OVER (PARTITION BY user_id ORDER BY day ROWS UNBOUNDED PRECEDING)
    END AS other_day
  FROM neighbours
)
SELECT day, user_id, day - other_day
FROM other_device
WHERE day >= :first_day AND day - other_day < :widest_window;

ANALYZE events.multi_device_day;
