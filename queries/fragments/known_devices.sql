-- known_devices: attempts of single- or multi-device users, on days for whose window devices are known;
-- the aliases c and v are kpi.connection and kpi.day_coverage.
(
  :any_devices = 1
  OR (c.multi_device = :multi_device AND COALESCE(v.days_since_low_coverage, 999) >= 5)
)
