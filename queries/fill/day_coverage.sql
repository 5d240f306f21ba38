-- day_coverage: how many users of a day have a device, how many of its events carry a sequence, and how
-- many days ago too few users had a device.
-- Grain:   one row per loaded day; days that expired before they were counted have none.
-- Reads:   changed_day, counted_day, type_volume, events.user_day, events.user_device_day.
-- Params:  first_day, last_day (bounds of the changed days), min_coverage (percent), widest_window (days).
-- Rerun:   safe; changed days are replaced, and days since too few are counted anew for all.
-- Note:    days_since_low_coverage is 0 on a day of too few, NULL where none is within the widest window.
--          A day without users has not too few.
-- Source:  design, section 3 (device coverage).
DELETE FROM kpi.day_coverage WHERE day IN (SELECT day FROM changed_day);

INSERT INTO kpi.day_coverage (day, users, users_with_device, events_with_sequence)
SELECT
  c.day,
  COALESCE(u.users, 0),
  COALESCE(d.users, 0),
  COALESCE(t.events_with_sequence, 0)
FROM counted_day AS c
LEFT JOIN (
  SELECT day, COUNT(DISTINCT user_id) AS users
  FROM events.user_day
  WHERE day >= :first_day AND day <= :last_day
  GROUP BY day
) AS u ON u.day = c.day
LEFT JOIN (
  SELECT day, COUNT(DISTINCT user_id) AS users
  FROM events.user_device_day
  WHERE day >= :first_day AND day <= :last_day
  GROUP BY day
) AS d ON d.day = c.day
LEFT JOIN (
  SELECT day, CAST(SUM(events_with_sequence) AS BIGINT) AS events_with_sequence
  FROM type_volume
  GROUP BY day
) AS t ON t.day = c.day;

DROP TABLE IF EXISTS judged_coverage;

CREATE TEMPORARY TABLE judged_coverage AS
SELECT
  c.day,
  c.users,
  c.users_with_device,
  c.events_with_sequence,
  MIN(c.day - l.day) AS days_since_low_coverage
FROM kpi.day_coverage AS c
LEFT JOIN (
  SELECT day
  FROM kpi.day_coverage
  WHERE users > 0 AND users_with_device * 100 < :min_coverage * users
) AS l ON l.day <= c.day AND l.day > c.day - CAST(:widest_window AS INTEGER)
GROUP BY c.day, c.users, c.users_with_device, c.events_with_sequence;

DELETE FROM kpi.day_coverage;

INSERT INTO kpi.day_coverage (
  day, users, users_with_device, events_with_sequence, days_since_low_coverage
)
SELECT day, users, users_with_device, events_with_sequence, days_since_low_coverage
FROM judged_coverage
ORDER BY day;
