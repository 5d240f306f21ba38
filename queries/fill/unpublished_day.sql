-- unpublished_day: the days being made anew, noted with the private tables until they are published.
-- Grain:   one row per day.
-- Reads:   changed_day.
-- Rerun:   safe; a run that was cut off leaves its days here, and the next run fills them again.
DELETE FROM events.unpublished_day;

INSERT INTO events.unpublished_day (day)
SELECT day
FROM changed_day;
