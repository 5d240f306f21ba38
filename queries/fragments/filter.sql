-- filter: the segments that a filter picks; the alias g is kpi.segment.
AND g.browser IN :browser -- if given
AND g.browser NOT IN :not_browser -- if given
AND g.version IN :version -- if given
AND g.version NOT IN :not_version -- if given
AND g.os IN :os -- if given
AND g.os NOT IN :not_os -- if given
AND g.service IN :service -- if given
AND g.service NOT IN :not_service -- if given
AND g.new_user IN :new_user -- if given
