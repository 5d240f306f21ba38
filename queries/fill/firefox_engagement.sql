-- firefox_engagement: Firefox's own daily and monthly active users, as given, by product.
-- Grain:   one row per (day, product).
-- Reads:   given_firefox.
-- Rerun:   safe; the days and products given are replaced.
DELETE FROM kpi.firefox_engagement
USING given_firefox AS g
WHERE firefox_engagement.day = g.day AND firefox_engagement.product = g.product;

INSERT INTO kpi.firefox_engagement (day, product, dau, mau)
SELECT day, product, dau, mau
FROM given_firefox
ORDER BY day, product;
