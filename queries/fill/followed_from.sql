-- followed_from: the first day whose events were at hand when people were first followed from set to set.
-- Grain:   one row; none where an older version summarised all days.
-- Params:  first_retained (UTC date).
-- Rerun:   safe.
DELETE FROM kpi.followed_from;

INSERT INTO kpi.followed_from (first_day)
VALUES (:first_retained);
