-- followed_from: the first day of the history, and the first from which people are followed from set to set.
-- Grain:   one row; the second is absent where an older version summarised all days.
-- Reads:   kpi.day_status, kpi.followed_from.
SELECT
  (SELECT MIN(day) FROM kpi.day_status WHERE type = '(all)') AS first_day,
  (SELECT MAX(first_day) FROM kpi.followed_from) AS followed_from
