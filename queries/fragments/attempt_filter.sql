-- attempt_filter: the attempts that a filter picks of those in its segments; the alias c is kpi.connection.
AND COALESCE(c.region, '(none)') IN :region -- if given
AND COALESCE(c.region, '(none)') NOT IN :not_region -- if given
AND COALESCE(c.context, '(none)') IN :context -- if given
AND COALESCE(c.context, '(none)') NOT IN :not_context -- if given
AND COALESCE(c.entrypoint, '(none)') IN :entrypoint -- if given
AND COALESCE(c.entrypoint, '(none)') NOT IN :not_entrypoint -- if given
AND COALESCE(c.campaign, '(none)') IN :campaign -- if given
AND COALESCE(c.campaign, '(none)') NOT IN :not_campaign -- if given
AND COALESCE(c.migration, '(none)') IN :migration -- if given
AND COALESCE(c.migration, '(none)') NOT IN :not_migration -- if given
