-- What the catalogue of MySQL and MariaDB says; each query is named, and bound to :schema and :table.

-- name: server
SELECT version() AS version, current_user() AS person, database() AS `database`,
       (SELECT coalesce(sum(data_length + index_length), 0) FROM information_schema.tables WHERE table_schema = database()) AS bytes

-- name: clock
SELECT unix_timestamp(sysdate(6)) AS clock

-- name: rights
-- Rights that were given to the user on all or on this database; those by roles are not seen here.
WITH held AS (
  SELECT privilege_type FROM information_schema.user_privileges
  WHERE grantee = concat('\'', replace(current_user(), '@', '\'@\''), '\'')
  UNION ALL
  SELECT privilege_type FROM information_schema.schema_privileges
  WHERE grantee = concat('\'', replace(current_user(), '@', '\'@\''), '\'') AND :schema LIKE table_schema
)
SELECT EXISTS (SELECT 1 FROM held WHERE privilege_type = 'SELECT') AS `read`,
       EXISTS (SELECT 1 FROM held WHERE privilege_type = 'INSERT')
       AND EXISTS (SELECT 1 FROM held WHERE privilege_type = 'UPDATE') AS `write`,
       EXISTS (SELECT 1 FROM held WHERE privilege_type = 'CREATE') AS `create`

-- name: tables
SELECT table_name AS name, CASE table_type WHEN 'VIEW' THEN 'view' ELSE 'table' END AS kind,
       table_rows AS row_estimate, data_length + index_length AS bytes
FROM information_schema.tables
WHERE table_schema = :schema AND table_type IN ('BASE TABLE', 'VIEW', 'SYSTEM VERSIONED')
ORDER BY table_name

-- name: columns
-- MariaDB spells the default of a column without one NULL.
SELECT column_name AS name, column_type AS type, column_type AS base, is_nullable = 'YES' AS nullable,
       nullif(column_default, 'NULL') AS `default`, nullif(generation_expression, '') AS generated,
       extra LIKE '%auto_increment%' AS numbered
FROM information_schema.columns
WHERE table_schema = :schema AND table_name = :table
ORDER BY ordinal_position

-- name: triggers
SELECT trigger_name AS name FROM information_schema.triggers
WHERE event_object_schema = :schema AND event_object_table = :table
ORDER BY trigger_name

-- name: sequences
-- The next number is kept, which is one more than the last.
SELECT t.table_name AS `table`, c.column_name AS `column`, NULL AS sequence, t.auto_increment - 1 AS last,
       t.auto_increment AS next, @@auto_increment_increment AS step
FROM information_schema.tables t
JOIN information_schema.columns c ON c.table_schema = t.table_schema AND c.table_name = t.table_name
WHERE t.table_schema = :schema AND c.extra LIKE '%auto_increment%'
ORDER BY 1, 2
