-- segment_tags: the value of the tag that a table is broken down by; the alias g is kpi.segment.
WHEN 'browser' THEN g.browser
WHEN 'version' THEN g.version
WHEN 'os' THEN g.os
WHEN 'service' THEN g.service
WHEN 'users' THEN CASE WHEN g.new_user = 1 THEN 'new' ELSE 'existing' END
