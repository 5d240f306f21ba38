-- projection: every projection of a goal that was published, the oldest first.
-- Grain:   one row per (goal_id, as_of, weeks); weeks 0 is 31 December.
SELECT goal_id, as_of, publication_id, weeks, due, low, high
FROM kpi.projection
ORDER BY as_of, goal_id, due, weeks
