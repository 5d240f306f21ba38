-- days_and_weeks: the known days by the spans that they are counted in, in the tables known_span and
-- whole_span: the days of two periods by themselves, and all days in weeks counted back from the last.
known_span AS (
  SELECT day, 1 AS days_together, day AS last_day
  FROM known_day
  WHERE
    (day >= :before_first AND day <= :before_last)
    OR (day >= :after_first AND day <= :last_day)
  UNION ALL
  SELECT
    day,
    7 AS days_together,
    day + CAST(MOD(CAST(:last_day AS DATE) - day, 7) AS INTEGER) AS last_day
  FROM known_day
),
whole_span AS (
  SELECT days_together, last_day
  FROM known_span
  GROUP BY days_together, last_day
  HAVING COUNT(*) = days_together
),
