-- followed_from: the first day from which people were followed from set to set, once an older version's
-- changes were counted again as moves.
-- Grain:   one row in stores that an older version made, else none.
-- Params:  first_retained (UTC date).
-- Rerun:   safe.
UPDATE kpi.followed_from SET first_day = :first_retained WHERE first_day > :first_retained;
