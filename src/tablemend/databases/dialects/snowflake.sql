-- What the catalogue of Snowflake says; each query is named, and bound to :schema and :table.

-- name: server
SELECT 'Snowflake ' || CURRENT_VERSION() AS "version", CURRENT_USER() AS "person", CURRENT_DATABASE() AS "database",
       (SELECT SUM(bytes) FROM information_schema.tables) AS "bytes"

-- name: clock
SELECT DATE_PART(epoch_millisecond, CURRENT_TIMESTAMP()) / 1000 AS "clock"

-- name: tables
SELECT table_name AS "name", CASE table_type WHEN 'VIEW' THEN 'view' ELSE 'table' END AS "kind",
       row_count AS "row_estimate", bytes AS "bytes"
FROM information_schema.tables
WHERE table_schema = UPPER(:schema)
ORDER BY table_name

-- name: columns
SELECT column_name AS "name",
       CASE WHEN data_type = 'NUMBER' THEN data_type || '(' || numeric_precision || ',' || numeric_scale || ')'
            ELSE data_type END AS "type",
       is_nullable = 'YES' AS "nullable", column_default AS "default", NULL AS "generated",
       is_identity = 'YES' AS "numbered"
FROM information_schema.columns
WHERE table_schema = UPPER(:schema) AND table_name = UPPER(:table)
ORDER BY ordinal_position
