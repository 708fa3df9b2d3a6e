-- What the catalogue of SQL Server says; each query is named, and bound to :schema and :table.

-- name: server
SELECT @@VERSION AS version, SUSER_SNAME() AS person, DB_NAME() AS [database],
       (SELECT SUM(CAST(size AS bigint)) * 8192 FROM sys.database_files) AS bytes

-- name: clock
SELECT DATEDIFF_BIG(millisecond, '1970-01-01', SYSUTCDATETIME()) / 1000.0 AS clock

-- name: rights
SELECT HAS_PERMS_BY_NAME(:schema, 'SCHEMA', 'SELECT') AS [read],
       HAS_PERMS_BY_NAME(:schema, 'SCHEMA', 'UPDATE') AS [write],
       HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'CREATE TABLE') AS [create]

-- name: tables
SELECT o.name, CASE o.type WHEN 'V' THEN 'view' ELSE 'table' END AS kind,
       (SELECT SUM(p.row_count) FROM sys.dm_db_partition_stats p
         WHERE p.object_id = o.object_id AND p.index_id IN (0, 1)) AS row_estimate,
       (SELECT SUM(p.used_page_count) * 8192 FROM sys.dm_db_partition_stats p
         WHERE p.object_id = o.object_id) AS bytes
FROM sys.objects o
WHERE o.type IN ('U', 'V') AND o.schema_id = SCHEMA_ID(:schema)
ORDER BY o.name

-- name: columns
SELECT c.name, t.name + CASE
         WHEN t.name IN ('decimal', 'numeric') THEN CONCAT('(', c.precision, ',', c.scale, ')')
         WHEN t.name IN ('datetime2', 'time', 'datetimeoffset') THEN CONCAT('(', c.scale, ')')
         WHEN t.name IN ('char', 'varchar', 'binary', 'varbinary') THEN CONCAT('(', c.max_length, ')')
         WHEN t.name = 'float' THEN CONCAT('(', c.precision, ')')
         ELSE '' END AS type,
       CAST(c.is_nullable AS int) AS nullable, d.definition AS [default], g.definition AS generated,
       CAST(c.is_identity AS int) AS numbered
FROM sys.columns c
JOIN sys.types t ON t.user_type_id = c.system_type_id
LEFT JOIN sys.default_constraints d ON d.object_id = c.default_object_id
LEFT JOIN sys.computed_columns g ON g.object_id = c.object_id AND g.column_id = c.column_id
JOIN sys.objects o ON o.object_id = c.object_id
WHERE o.schema_id = SCHEMA_ID(:schema) AND o.name = :table
ORDER BY c.column_id

-- name: triggers
SELECT t.name FROM sys.triggers t JOIN sys.objects o ON o.object_id = t.parent_id
WHERE o.schema_id = SCHEMA_ID(:schema) AND o.name = :table
ORDER BY t.name

-- name: unproven
SELECT k.name, k.definition AS expression
FROM sys.check_constraints k JOIN sys.objects o ON o.object_id = k.parent_object_id
WHERE k.is_not_trusted = 1 AND o.schema_id = SCHEMA_ID(:schema) AND o.name = :table
ORDER BY k.name

-- name: sequences
SELECT o.name AS [table], i.name AS [column], NULL AS sequence, CAST(i.last_value AS bigint) AS last,
       COALESCE(CAST(i.last_value AS bigint) + CAST(i.increment_value AS bigint), CAST(i.seed_value AS bigint)) AS next,
       CAST(i.increment_value AS bigint) AS step
FROM sys.identity_columns i JOIN sys.objects o ON o.object_id = i.object_id
WHERE o.schema_id = SCHEMA_ID(:schema) AND o.type = 'U'
ORDER BY o.name
