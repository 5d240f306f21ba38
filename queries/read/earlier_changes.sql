-- earlier_changes: 1 where the tables are those before version 6, with changes in place of moves; else 0.
SELECT COUNT(*) AS tables
FROM information_schema.tables
WHERE table_schema = 'kpi' AND table_name = 'monthly_users_change'
