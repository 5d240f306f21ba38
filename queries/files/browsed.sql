-- browsed: rows with one spelling of browser, version and OS.
-- Reads:  source.
-- Note:   DuckDB only. Normalises what is certain in production's rows (the names under which Firefox
--         for iOS reported itself; a whole user agent string where no parsed browser is given), keeps the rest.
SELECT
  * EXCLUDE (browser, version, os),
  CASE
    WHEN format <> 'events' AND (browser = 'FxiOS' OR browser LIKE 'Firefox-iOS-FxA%') THEN 'Firefox iOS'
    WHEN browser IS NOT NULL OR user_agent IS NULL THEN browser
    WHEN user_agent LIKE '%FxiOS/%' OR user_agent LIKE 'Firefox-iOS-FxA%' THEN 'Firefox iOS'
    WHEN user_agent LIKE '%Firefox/%' AND user_agent LIKE '%Android%' THEN 'Firefox Mobile'
    WHEN user_agent LIKE 'Firefox-Android-FxA%' THEN 'Firefox Mobile'
    WHEN user_agent LIKE '%Firefox/%' THEN 'Firefox'
    WHEN user_agent LIKE '%Edge/%' THEN 'Edge'
    WHEN user_agent LIKE '%Chrome/%' THEN 'Chrome'
    WHEN user_agent LIKE '%Safari/%' THEN 'Safari'
  END AS browser,
  COALESCE(
    version,
    CASE WHEN format <> 'events' AND browser LIKE 'Firefox-iOS-FxA/%'
      THEN NULLIF(REGEXP_EXTRACT(browser, '^Firefox-iOS-FxA/([0-9.]+)', 1), '') END,
    CASE WHEN user_agent IS NOT NULL
      THEN NULLIF(REGEXP_EXTRACT(
        user_agent, '(?:FxiOS|Firefox-(?:iOS|Android)-FxA|Firefox|Edge|Chrome|Version)/([0-9.]+)', 1
      ), '') END
  ) AS version,
  CASE
    WHEN os IS NOT NULL OR user_agent IS NULL THEN os
    WHEN user_agent LIKE '%iPhone%' OR user_agent LIKE '%iPad%' OR user_agent LIKE '%iOS%' THEN 'iOS'
    WHEN user_agent LIKE '%Android%' THEN 'Android'
    WHEN user_agent LIKE '%Windows NT 10.0%' THEN 'Windows 10'
    WHEN user_agent LIKE '%Windows NT 6.3%' THEN 'Windows 8.1'
    WHEN user_agent LIKE '%Windows NT 6.2%' THEN 'Windows 8'
    WHEN user_agent LIKE '%Windows NT 6.1%' THEN 'Windows 7'
    WHEN user_agent LIKE '%Windows NT 6.0%' THEN 'Windows Vista'
    WHEN user_agent LIKE '%Windows NT 5.1%' THEN 'Windows XP'
    WHEN user_agent LIKE '%Mac OS X%' THEN 'Mac OS X'
    WHEN user_agent LIKE '%Linux%' THEN 'Linux'
  END AS os
FROM source
