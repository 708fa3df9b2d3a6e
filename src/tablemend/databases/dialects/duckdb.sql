-- What the catalogue of DuckDB says; each query is named, and bound to :schema and :table.

-- name: server
SELECT 'DuckDB ' || version() AS version, NULL AS person, current_database() AS database,
       (SELECT block_size * total_blocks FROM pragma_database_size() WHERE database_name = current_database()) AS bytes

-- name: tables
SELECT table_name AS name, 'table' AS kind, estimated_size AS row_estimate, NULL AS bytes
FROM duckdb_tables() WHERE schema_name = :schema AND database_name = current_database()
UNION ALL
SELECT view_name, 'view', NULL, NULL
FROM duckdb_views() WHERE schema_name = :schema AND database_name = current_database() AND NOT internal
ORDER BY 1

-- name: columns
SELECT column_name AS name, data_type AS type, data_type AS base, is_nullable AS nullable,
       CASE WHEN NOT coalesce(is_generated, false) THEN column_default END AS "default",
       CASE WHEN is_generated THEN generation_expression END AS generated,
       coalesce(column_default ILIKE 'nextval(%', false) AS numbered
FROM duckdb_columns()
WHERE schema_name = :schema AND table_name = :table AND database_name = current_database()
ORDER BY column_index

-- name: constraints
SELECT constraint_type AS type, constraint_column_names AS columns, constraint_name AS name,
       referenced_table AS parent, referenced_column_names AS parents
FROM duckdb_constraints()
WHERE schema_name = :schema AND table_name = :table AND database_name = current_database()
ORDER BY constraint_index

-- name: indexes
SELECT index_name AS name, is_unique AS "unique", expressions
FROM duckdb_indexes()
WHERE schema_name = :schema AND table_name = :table AND database_name = current_database()
ORDER BY index_name

-- name: sequences
SELECT c.table_name AS "table", c.column_name AS "column", s.sequence_name AS sequence, s.last_value AS last,
       coalesce(s.last_value + s.increment_by, s.start_value) AS next, s.increment_by AS step
FROM duckdb_columns() c
JOIN duckdb_sequences() s
  ON regexp_extract(c.column_default, 'nextval\(''"?(?:[^''"]*"?\."?)?([^''"]+)"?''', 1) = s.sequence_name
WHERE c.schema_name = :schema AND c.database_name = current_database()
ORDER BY 1, 2
