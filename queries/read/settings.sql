-- settings: what the store keeps about itself: the key it was made with, its version, retention.
SELECT name, setting
FROM events.store
