-- retention: the first day whose raw events are kept, and the first that can be refilled; if any expired.
SELECT first_kept, frozen_before
FROM kpi.retention
