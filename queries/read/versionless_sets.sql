-- versionless_sets: how many members the sets without versions have; none before they were counted.
SELECT COUNT(*) AS members
FROM kpi.segment_set_member
WHERE set_id < 0
