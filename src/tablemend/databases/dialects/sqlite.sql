-- What the catalogue of SQLite says; each query is named, and bound to :schema and :table.

-- name: server
SELECT 'SQLite ' || sqlite_version() AS version, NULL AS person, 'main' AS database,
       (SELECT page_count FROM pragma_page_count()) * (SELECT page_size FROM pragma_page_size()) AS bytes

-- name: tables
-- SQLite keeps neither estimates nor sizes of tables.
SELECT name, type AS kind, NULL AS row_estimate, NULL AS bytes
FROM {schema}.sqlite_master
WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
ORDER BY name

-- name: columns
SELECT name, type, type AS base, NOT ("notnull" OR (pk AND upper(type) = 'INTEGER')) AS nullable,
       dflt_value AS "default", CASE WHEN hidden IN (2, 3) THEN 'generated' END AS generated,
       pk = 1 AND upper(type) = 'INTEGER' AND (SELECT max(pk) FROM pragma_table_xinfo(:table, :schema)) = 1 AS numbered
FROM pragma_table_xinfo(:table, :schema)
WHERE hidden <> 1
ORDER BY cid

-- name: triggers
SELECT name FROM {schema}.sqlite_master WHERE type = 'trigger' AND tbl_name = :table ORDER BY name

-- name: numbering
SELECT count(*) FROM {schema}.sqlite_master WHERE name = 'sqlite_sequence'

-- name: sequences
-- Only tables with AUTOINCREMENT have one; the others take the number after the greatest. Those with one skip what is
-- taken: https://www.sqlite.org/autoinc.html
SELECT s.name AS "table", c.name AS "column", NULL AS sequence, s.seq AS last,
       s.seq + 1 AS next, 1 AS step, 1 AS skips
FROM {schema}.sqlite_sequence s JOIN pragma_table_xinfo(s.name, :schema) c ON c.pk = 1
ORDER BY 1

-- name: definition
SELECT sql AS text FROM {schema}.sqlite_master WHERE type = 'table' AND name = :table

-- name: uniques
-- Constraints and indexes of whole columns and all rows; the primary key is told elsewhere.
SELECT i.name AS name, c.name AS "column"
FROM pragma_index_list(:table, :schema) i JOIN pragma_index_info(i.name, :schema) c
WHERE i."unique" AND NOT i.partial AND i.origin <> 'pk'
ORDER BY i.name, c.seqno
