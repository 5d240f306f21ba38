-- audiences: who is counted over 28 days, as a range of days since a user last used another device.
-- Reads:   audience.
SELECT audience, lowest, highest
FROM audience
WHERE needs_device = 0 AND needs_return = 0
