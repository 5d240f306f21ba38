-- tidy: rows that were deleted give back their room, sort orders are restored, and statistics renewed.
-- Note:    servers only; outside of a transaction, as VACUUM demands.
VACUUM events.event;

ANALYZE events.event;

VACUUM events.known_user;

ANALYZE events.known_user;

VACUUM events.known_device;

ANALYZE events.known_device;

VACUUM events.user_day;

ANALYZE events.user_day;

VACUUM events.user_device_day;

ANALYZE events.user_device_day;

VACUUM events.multi_device_day;

ANALYZE events.multi_device_day;

VACUUM events.attempt;

ANALYZE events.attempt;

VACUUM kpi.kept_value;

ANALYZE kpi.kept_value;

VACUUM kpi.segment;

ANALYZE kpi.segment;

VACUUM kpi.segment_set;

ANALYZE kpi.segment_set;

VACUUM kpi.segment_set_member;

ANALYZE kpi.segment_set_member;

VACUUM kpi.daily_users;

ANALYZE kpi.daily_users;

VACUUM kpi.monthly_users_change;

ANALYZE kpi.monthly_users_change;

VACUUM kpi.monthly_move;

ANALYZE kpi.monthly_move;

VACUUM kpi.month_activity;

ANALYZE kpi.month_activity;

VACUUM kpi.connection;

ANALYZE kpi.connection;

VACUUM kpi.day_status;

ANALYZE kpi.day_status;

VACUUM kpi.load_day;

ANALYZE kpi.load_day;
