-- day_coverage: how many users of each loaded day have a device, and how many events carry a sequence.
-- Grain:   one row per loaded day that was counted so.
-- Reads:   kpi.day_coverage.
SELECT day, users, users_with_device, events_with_sequence, days_since_low_coverage
FROM kpi.day_coverage
ORDER BY day
