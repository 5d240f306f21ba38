-- touched_sequence: the connection attempts that are to be made anew.
-- Grain:   one row per seq_id; a working table of one run.
-- Reads:   events.event, events.attempt, changed_day.
-- Params:  first_ms, end_ms (bounds of the changed days, half-open).
-- Note:    a sequence is touched when it has an event on a changed day, now or before.
DROP TABLE IF EXISTS touched_sequence;

CREATE TEMPORARY TABLE touched_sequence AS
SELECT seq_id
FROM (
  SELECT e.seq_id
  FROM events.event AS e
  WHERE
    e."timestamp" >= :first_ms
    AND e."timestamp" < :end_ms
    AND DATE '1970-01-01' + CAST(FLOOR(e."timestamp" / 86400000.0) AS INTEGER) IN (SELECT day FROM changed_day)
    AND e.seq_id <> ''
    AND e.seq_time IS NOT NULL
    AND e.type IN (
      'sequence.begin', 'account.created', 'account.login', 'account.verified', 'device.created',
      'device.connected'
    )
  UNION
  SELECT a.seq_id
  FROM events.attempt AS a
  INNER JOIN changed_day AS c ON c.day >= a.first_day AND c.day <= a.last_day
  UNION
  SELECT a.seq_id
  FROM events.event AS e
  INNER JOIN events.attempt AS a ON a.seq_id = e.seq_id
  WHERE
    e."timestamp" >= :first_ms
    AND e."timestamp" < :end_ms
    AND DATE '1970-01-01' + CAST(FLOOR(e."timestamp" / 86400000.0) AS INTEGER) IN (SELECT day FROM changed_day)
) AS touched;

ANALYZE touched_sequence;
