-- locked: whoever writes locks this table first, and nobody reads it.
-- Note:    servers only; a lock ends with its transaction.
LOCK TABLE events.writer;
