-- any_attempt: how many connection attempts are published.
SELECT COUNT(*) AS attempts
FROM kpi.connection
