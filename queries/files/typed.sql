-- typed: rows of any format as typed event columns, with what was changed in their cells.
-- Grain:  one row per row of the file.
-- Reads:  browsed, whose constants say how times and ids of this file are read.
-- Note:   DuckDB only. A number of a time is milliseconds, in production's "timestamp" seconds, in a
--         mozlog "Timestamp" nanoseconds; ISO 8601 without a zone is UTC. A flow is a sequence. Durations
--         in flow.performance.* and flow.timing.* are no step's time. flow.continued.* ends in another
--         flow's id, which is no part of a type. Amplitude's "fxa_activity - cert_signed" is a type of
--         words joined by a dash. Production doesn't say whether a user is new: that is known once the
--         sequence's other events are there, so it is left open for the summary.
--         Ids of users and devices are spelled when they are hashed (hashed_id).
--         changed is a sum: 4 a placeholder in seq_id, 8 a step's time that is of no use, 16 a tag
--         shortened to 256 bytes, 32 to 8192 a tag left out, since it looks like an id. Where tag_care
--         is false, no tag is long or holds an @, a NUL character or a backslash; where care is false, no
--         cell holds a NUL character or a number with an exponent. stored_tag and is_left_out are those of
--         files/tags_with_care, or of files/tags_without_care.
WITH given AS (
  SELECT
    b.*,
    CASE WHEN b.format = 'events' THEN COALESCE(b."timestamp", b."time") ELSE COALESCE(b."time", b."timestamp") END
      AS given_time,
    CASE
      WHEN b.time_unit IS NOT NULL THEN b.time_unit
      WHEN b.format <> 'events' AND b."time" IS NULL THEN 'seconds'
      ELSE 'milliseconds'
    END AS unit,
    CASE WHEN b.event_wins THEN COALESCE(b.event, b.type) ELSE COALESCE(b.type, b.event) END AS given_type
  FROM browsed AS b
),
parsed AS (
  SELECT
    *,
    CASE WHEN care AND (CONTAINS(given_time, 'e') OR CONTAINS(given_time, 'E')) THEN NULL ELSE TRY_CAST(given_time AS DECIMAL(18, 3)) END
      AS number,
    CASE WHEN care AND (CONTAINS(seq_time, 'e') OR CONTAINS(seq_time, 'E')) THEN NULL ELSE TRY_CAST(seq_time AS BIGINT) END
      AS step_time,
    CASE WHEN STARTS_WITH(given_type, 'flow.')
      THEN given_type LIKE 'flow.performance%' OR given_type LIKE 'flow.timing%' ELSE FALSE END AS is_duration
  FROM given
)
SELECT
  line,
  fault AS row_fault,
  COALESCE(
    CASE unit
      WHEN 'milliseconds' THEN CAST(number AS BIGINT)
      WHEN 'seconds' THEN CASE WHEN ABS(number) < 100000000000 THEN CAST(number * 1000 AS BIGINT) END
      WHEN 'microseconds' THEN TRY_CAST(given_time AS BIGINT) // 1000
      WHEN 'nanoseconds' THEN TRY_CAST(given_time AS BIGINT) // 1000000
    END,
    CASE WHEN number IS NULL AND LENGTH(given_time) >= 10 AND CONTAINS(given_time, '-')
      THEN EPOCH_MS(TRY_CAST(REPLACE(given_time, ',', '.') AS TIMESTAMPTZ)) END,
    CASE WHEN given_time IS NULL THEN TRY_CAST(nanoseconds AS BIGINT) // 1000000 END
  ) AS "timestamp",
  COALESCE(given_time, nanoseconds) AS given_time,
  unit,
  CASE WHEN seq_id IS NOT NULL THEN spelled_id(seq_id, as_written) END AS seq_id,
  CASE WHEN is_duration OR step_time < 0 OR step_time > 1000000000000 THEN NULL ELSE step_time END AS seq_time,
  CASE WHEN is_duration OR step_time IS NOT NULL THEN NULL ELSE seq_time END AS unread_seq_time,
  CASE
    WHEN format = 'flow' AND given_type LIKE 'flow.%' THEN
      CASE
        WHEN given_type = 'flow.begin' OR given_type LIKE 'flow.%.begin' THEN 'sequence.begin'
        WHEN given_type = 'flow.complete' THEN 'device.connected'
        WHEN given_type LIKE 'flow.continued.%' THEN 'flow.continued'
        ELSE given_type
      END
    WHEN format = 'flow' AND given_type = 'account.keyfetch' THEN 'device.connected'
    WHEN CONTAINS(given_type, ' - ') THEN
      CASE given_type
        WHEN 'fxa_activity - cert_signed' THEN 'account.signed'
        WHEN 'fxa_reg - created' THEN 'account.created'
        WHEN 'fxa_login - success' THEN 'account.login'
        ELSE REPLACE(given_type, ' - ', '.')
      END
    ELSE given_type
  END AS type,
  uid,
  device_id,
  CASE
    WHEN format <> 'events' AND new_user IS NULL THEN NULL
    WHEN new_user = '0' THEN 0
    WHEN new_user = '1' THEN 1
    WHEN new_user IS NULL OR LOWER(new_user) IN ('0', 'false', 'f', '0.0') THEN 0
    WHEN LOWER(new_user) IN ('1', 'true', 't', '1.0') THEN 1
  END AS new_user,
  new_user AS given_new_user,
  stored_tag(browser) AS user_agent_browser,
  stored_tag(version) AS user_agent_version,
  stored_tag(os) AS user_agent_os,
  stored_tag(service) AS service,
  stored_tag(context) AS context,
  stored_tag(entrypoint) AS entrypoint,
  stored_tag(campaign) AS campaign,
  stored_tag(migration) AS migration,
  stored_tag(region) AS region,
  CASE WHEN is_placeholder(seq_id) THEN 4 ELSE 0 END
  + CASE WHEN NOT is_duration AND (step_time < 0 OR step_time > 1000000000000) THEN 8 ELSE 0 END
  + CASE WHEN tag_care AND GREATEST(
      STRLEN(browser), STRLEN(version), STRLEN(os), STRLEN(service), STRLEN(context), STRLEN(entrypoint),
      STRLEN(campaign), STRLEN(migration), STRLEN(region)
    ) > 256 THEN 16 ELSE 0 END
  + CASE WHEN is_left_out(browser) THEN 32 ELSE 0 END
  + CASE WHEN is_left_out(version) THEN 64 ELSE 0 END
  + CASE WHEN is_left_out(os) THEN 128 ELSE 0 END
  + CASE WHEN is_left_out(service) THEN 256 ELSE 0 END
  + CASE WHEN is_left_out(context) THEN 512 ELSE 0 END
  + CASE WHEN is_left_out(entrypoint) THEN 1024 ELSE 0 END
  + CASE WHEN is_left_out(campaign) THEN 2048 ELSE 0 END
  + CASE WHEN is_left_out(migration) THEN 4096 ELSE 0 END
  + CASE WHEN is_left_out(region) THEN 8192 ELSE 0 END AS changed,
  care,
  tag_care,
  first_sane,
  last_sane,
  first_open
FROM parsed
