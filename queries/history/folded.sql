-- folded: the publications that are folded into the next: of days long past the last of each UTC day stays.
-- Grain:   one row per publication of the history before, with the publication that it is folded into, or itself.
-- Reads:   earlier.past_publication.
-- Params:  all_since (moment from which every publication stays).
CREATE OR REPLACE TEMPORARY TABLE folded AS
SELECT
  publication_id,
  MIN(CASE WHEN stays THEN publication_id END)
    OVER (ORDER BY publication_id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS into_id
FROM (
  SELECT
    publication_id,
    built_at >= :all_since
    OR CAST(LEAD(built_at) OVER (ORDER BY publication_id) AS DATE) IS DISTINCT FROM CAST(built_at AS DATE) AS stays
  FROM earlier.past_publication
) AS judged;

SELECT COUNT(*)
FROM folded
WHERE into_id <> publication_id
