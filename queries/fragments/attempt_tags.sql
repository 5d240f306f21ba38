-- attempt_tags: the same for attempts, which carry more tags; the alias c is kpi.connection.
{{ segment_tags }}
WHEN 'region' THEN COALESCE(c.region, '(none)')
WHEN 'context' THEN COALESCE(c.context, '(none)')
WHEN 'entrypoint' THEN COALESCE(c.entrypoint, '(none)')
WHEN 'campaign' THEN COALESCE(c.campaign, '(none)')
WHEN 'migration' THEN COALESCE(c.migration, '(none)')
