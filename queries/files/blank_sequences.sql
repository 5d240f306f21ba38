-- blank_sequences: how many sequences took a step of connecting a device, and name no service in these rows.
-- Grain:  one row.
-- Reads:  checked.
-- Note:   DuckDB only. Rows with a blank service are looked for first, since most files have none.
WITH step AS (
  SELECT DISTINCT seq_id
  FROM checked
  WHERE
    fault IS NULL
    AND seq_id IS NOT NULL
    AND seq_time IS NOT NULL
    AND service IS NULL
    AND type IN (
      'sequence.begin', 'account.created', 'account.login', 'account.verified', 'device.created',
      'device.connected'
    )
),
named AS (
  SELECT DISTINCT c.seq_id
  FROM checked AS c
  INNER JOIN step AS s ON s.seq_id = c.seq_id
  WHERE c.fault IS NULL AND c.seq_time IS NOT NULL AND c.service IS NOT NULL
)
SELECT (SELECT COUNT(*) FROM step) - (SELECT COUNT(*) FROM named) AS sequences
