-- firefox: Firefox's own daily and monthly active users, as they were given.
-- Grain:   one row per (product, day).
-- Reads:   kpi.firefox_engagement.
SELECT product, day, dau, mau
FROM kpi.firefox_engagement
ORDER BY product, day;
