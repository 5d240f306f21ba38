-- settings: the store's record of itself: the key it was made with, its version, retention.
SELECT name, setting
FROM events.store
