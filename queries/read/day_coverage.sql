-- day_coverage: how many users of each loaded day have a device, and how many events carry a sequence;
-- and, on every row, whether any connection attempt is published (1 or 0).
-- Grain:   one row per loaded day that was counted so.
-- Reads:   kpi.day_coverage, kpi.connection.
SELECT
  day,
  users,
  users_with_device,
  events_with_sequence,
  days_since_low_coverage,
  (SELECT COUNT(*) FROM (SELECT first_day FROM kpi.connection LIMIT 1) AS any_row) AS any_attempt
FROM kpi.day_coverage
ORDER BY day
