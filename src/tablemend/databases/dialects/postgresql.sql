-- What the catalogue of PostgreSQL says; each query is named, and bound to :schema and :table.

-- name: server
SELECT version() AS version, current_user AS person, current_database() AS database,
       (SELECT pg_database_size(current_database())) AS bytes

-- name: clock
SELECT extract(epoch FROM clock_timestamp())::float8 AS clock

-- name: rights
-- Any table counts; unknown where there is none.
SELECT (SELECT bool_or(has_table_privilege(c.oid, 'SELECT')) FROM pg_class c
         WHERE c.relkind IN ('r', 'p', 'v', 'm') AND c.relnamespace = n.oid) AS read,
       (SELECT bool_or(has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')) FROM pg_class c
         WHERE c.relkind IN ('r', 'p') AND c.relnamespace = n.oid) AS write,
       has_schema_privilege(n.oid, 'CREATE') AS create
FROM pg_namespace n WHERE n.nspname = :schema

-- name: tables
SELECT c.relname AS name,
       CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
            ELSE 'table' END AS kind,
       CASE WHEN c.reltuples >= 0 AND c.relkind <> 'v' THEN c.reltuples::bigint END AS row_estimate,
       CASE WHEN c.relkind IN ('r', 'm') THEN pg_total_relation_size(c.oid) END AS bytes
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname = :schema
ORDER BY c.relname

-- name: parts
SELECT c.relname AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relispartition AND n.nspname = :schema

-- name: columns
-- Enumerations, domains and arrays of enumerations are named by what they are made of.
SELECT a.attname AS name,
       format_type(a.atttypid, a.atttypmod) AS type,
       CASE WHEN t.typtype = 'e' THEN 'enum'
            WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod)
            WHEN e.typtype = 'e' THEN 'enum[]'
            ELSE format_type(a.atttypid, a.atttypmod) END AS base,
       NOT (a.attnotnull OR t.typnotnull) AS nullable,
       CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END AS "default",
       CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END AS generated,
       a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%', false) AS numbered
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE n.nspname = :schema AND c.relname = :table AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum

-- name: triggers
SELECT t.tgname AS name
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND n.nspname = :schema AND c.relname = :table
ORDER BY t.tgname

-- name: distincts
-- Of the statistics; below 0 it is the share of the rows.
SELECT s.attname AS name,
       CASE WHEN s.n_distinct < 0 THEN -s.n_distinct * c.reltuples ELSE s.n_distinct END::bigint AS n
FROM pg_stats s JOIN pg_namespace n ON n.nspname = s.schemaname
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = s.tablename
WHERE s.schemaname = :schema AND s.tablename = :table AND c.reltuples > 0 AND NOT s.inherited

-- name: unproven
-- Constraints that rows may break: those that were not checked when they were added, or are never checked.
SELECT k.conname AS name,
       CASE k.contype WHEN 'c' THEN pg_get_expr(k.conbin, k.conrelid)
            ELSE (SELECT format('%I IS NOT NULL', a.attname) FROM pg_attribute a
                   WHERE a.attrelid = k.conrelid AND a.attnum = k.conkey[1]) END AS expression
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype IN ('c', 'n') AND NOT k.convalidated AND n.nspname = :schema AND c.relname = :table
ORDER BY k.conname

-- name: sequences
-- Sequences that belong to a column: of serial and identity columns. Without the right to one, its state is not told.
SELECT c.relname AS "table", a.attname AS "column", s.relname AS sequence, p.last_value AS last,
       CASE WHEN has_sequence_privilege(s.oid, 'USAGE, SELECT')
            THEN coalesce(p.last_value + p.increment_by, p.start_value) END AS next,
       p.increment_by AS step
FROM pg_class s
JOIN pg_namespace sn ON sn.oid = s.relnamespace
JOIN pg_sequences p ON p.schemaname = sn.nspname AND p.sequencename = s.relname
JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
JOIN pg_class c ON c.oid = d.refobjid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
WHERE s.relkind = 'S' AND n.nspname = :schema
ORDER BY 1, 2
