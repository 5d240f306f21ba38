-- audiences: who is counted, as a range of days since a user last used another device.
-- Reads:   audience.
SELECT audience, lowest, highest
FROM audience
