-- groups: the groups that stand on the server.
SELECT groname
FROM pg_group
