-- filter: the segments that a filter picks; the alias g is kpi.segment.
(:any_browser = 1 OR g.browser IN :browser)
AND g.browser NOT IN :not_browser
AND (:any_version = 1 OR g.version IN :version)
AND g.version NOT IN :not_version
AND (:any_os = 1 OR g.os IN :os)
AND g.os NOT IN :not_os
AND (:any_service = 1 OR g.service IN :service)
AND g.service NOT IN :not_service
AND (:any_users = 1 OR g.new_user = :new_user)
