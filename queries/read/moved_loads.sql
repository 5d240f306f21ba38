-- moved_loads: current loads whose name is this name with folders before it, or without some of them.
-- Params:  source.
SELECT source
FROM events.load
WHERE
  status = 'loaded'
  AND (
    RIGHT(source, LENGTH(CAST(:source AS VARCHAR(1024))) + 1) = '/' || CAST(:source AS VARCHAR(1024))
    OR RIGHT(CAST(:source AS VARCHAR(1024)), LENGTH(source) + 1) = '/' || source
  )
ORDER BY source
