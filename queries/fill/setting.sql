-- setting: an entry of the store's record of itself.
-- Params:  name, setting.
-- Rerun:   safe.
DELETE FROM events.store WHERE name = :name;

INSERT INTO events.store (name, setting)
VALUES (:name, :setting);
