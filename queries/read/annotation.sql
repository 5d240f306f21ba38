-- annotation: every marker, in order of days.
SELECT day, label, kind, url
FROM kpi.annotation
ORDER BY day, label
