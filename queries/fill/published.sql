-- published: nothing is left to publish.
DELETE FROM events.unpublished_day;

DELETE FROM events.stale_attempt_day;
