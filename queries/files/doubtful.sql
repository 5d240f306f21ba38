-- doubtful: rows whose seq_time disagrees with their timestamp, counted from where the sequence began.
-- Reads:   checked (all of them are loaded: which of the two is wrong can't be known).
-- Note:    DuckDB only. Two seconds are allowed, since some files have whole seconds only.
SELECT c.line
FROM checked AS c
INNER JOIN (
  SELECT seq_id, MIN("timestamp" - seq_time) AS began
  FROM checked
  WHERE type = 'sequence.begin' AND fault IS NULL AND seq_time IS NOT NULL
  GROUP BY seq_id
) AS s ON s.seq_id = c.seq_id
WHERE c.fault IS NULL AND ABS(c."timestamp" - s.began - c.seq_time) > 2000
