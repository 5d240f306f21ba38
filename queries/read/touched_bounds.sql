-- touched_bounds: the days between which the events of the touched sequences lie.
-- Grain:   one row.
-- Reads:   changed_day, touched_sequence, events.attempt.
-- Params:  look_around_days (how far from the changed days the rest of a sequence is looked for).
SELECT
  LEAST(COALESCE(MIN(a.first_day), MIN(c.first_changed)), MIN(c.first_changed) - :look_around_days) AS first_day,
  GREATEST(COALESCE(MAX(a.last_day), MAX(c.last_changed)), MAX(c.last_changed) + :look_around_days) AS last_day
FROM (SELECT MIN(day) AS first_changed, MAX(day) AS last_changed FROM changed_day) AS c
LEFT JOIN (
  SELECT a.first_day, a.last_day
  FROM events.attempt AS a
  INNER JOIN touched_sequence AS t ON t.seq_id = a.seq_id
) AS a ON 1 = 1
