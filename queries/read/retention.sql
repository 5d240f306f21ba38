-- retention: the first day whose raw events are retained, and the first that can be refilled; if any expired.
SELECT first_kept, frozen_before
FROM kpi.retention
