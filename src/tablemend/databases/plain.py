"""What of a database's catalogue says whether results of its tables can be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tablemend.caching.catalogue import NONE, Catalogue
from tablemend.caching.statements import Name, words
from tablemend.errors import DatabaseError, Timeout, Unreachable

if TYPE_CHECKING:
    from tablemend.databases.database import Database

_SQLITE = """
SELECT 'main' AS s, name, CASE WHEN type = 'table' AND lower(sql) LIKE 'create virtual %' THEN 'other' ELSE type END,
       CASE type WHEN 'view' THEN sql END
FROM main.sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
UNION ALL SELECT 'main', tbl_name, 'spreading', NULL FROM main.sqlite_master WHERE type = 'trigger'
UNION ALL
SELECT 'main', f."table", 'spreading', NULL
FROM main.sqlite_master AS m, pragma_foreign_key_list(m.name) AS f
WHERE m.type = 'table'
  AND (f.on_update NOT IN ('NO ACTION', 'RESTRICT') OR f.on_delete NOT IN ('NO ACTION', 'RESTRICT'))
"""
"""Schema, name, kind (table, view, other, spreading, own, hidden), and the definition of a view."""

_POSTGRESQL = """
SELECT n.nspname, c.relname,
       CASE WHEN c.relkind = 'v' THEN 'view' WHEN c.relkind <> 'r' OR c.relrowsecurity THEN 'other' ELSE 'table' END,
       CASE WHEN c.relkind = 'v' THEN pg_get_viewdef(c.oid) END
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname NOT LIKE 'pg\\_temp%'
  AND NOT EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhrelid = c.oid OR i.inhparent = c.oid)
UNION ALL
SELECT '', c.relname, 'spreading', NULL FROM pg_class AS c WHERE c.relkind IN ('r', 'p', 'v') AND (
  EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)
  OR EXISTS (SELECT FROM pg_rewrite AS r WHERE r.ev_class = c.oid AND r.ev_type <> '1')
  OR EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhrelid = c.oid OR i.inhparent = c.oid)
  OR EXISTS (SELECT FROM pg_constraint AS f WHERE f.confrelid = c.oid AND f.contype = 'f'
             AND (f.confupdtype NOT IN ('a', 'r') OR f.confdeltype NOT IN ('a', 'r'))))
UNION ALL
SELECT n.nspname, p.proname, 'own', NULL FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
UNION ALL
SELECT n.nspname, t.typname, 'own', NULL FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND t.typtype IN ('d', 'b') AND t.typcategory <> 'A'
UNION ALL
SELECT '', '', 'hidden', NULL
WHERE EXISTS (SELECT FROM pg_operator AS o JOIN pg_namespace AS n ON n.oid = o.oprnamespace
              WHERE n.nspname <> 'pg_catalog' AND n.nspname = ANY (current_schemas(false)))
   OR EXISTS (SELECT FROM pg_cast AS k JOIN pg_proc AS p ON p.oid = k.castfunc
              JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE n.nspname <> 'pg_catalog')
UNION ALL
SELECT '', c.relname, 'spreading', NULL FROM pg_class AS c
WHERE c.relkind IN ('r', 'p', 'v') AND EXISTS (
  SELECT FROM pg_depend AS d
  JOIN (SELECT oid, 'pg_proc'::regclass AS class, pronamespace AS space FROM pg_proc
        UNION ALL SELECT oid, 'pg_operator'::regclass, oprnamespace FROM pg_operator) AS p
    ON p.oid = d.refobjid AND p.class = d.refclassid
  JOIN pg_namespace AS n ON n.oid = p.space AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  WHERE (
    (d.classid = 'pg_attrdef'::regclass AND d.objid IN (SELECT a.oid FROM pg_attrdef AS a WHERE a.adrelid = c.oid))
    OR (d.classid = 'pg_constraint'::regclass
        AND d.objid IN (SELECT f.oid FROM pg_constraint AS f WHERE f.conrelid = c.oid))
    OR (d.classid = 'pg_class'::regclass
        AND d.objid IN (SELECT i.indexrelid FROM pg_index AS i WHERE i.indrelid = c.oid))))
UNION ALL
SELECT '', c.relname, 'spreading', NULL FROM pg_class AS c
WHERE c.relkind IN ('r', 'p', 'v') AND EXISTS (
  SELECT FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
  JOIN pg_namespace AS n ON n.oid = t.typnamespace AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  WHERE a.attrelid = c.oid AND t.typtype <> 'e')
"""

_MYSQL = """
SELECT t.table_schema, t.table_name,
       CASE t.table_type WHEN 'BASE TABLE' THEN 'table' WHEN 'VIEW' THEN 'view' ELSE 'other' END, v.view_definition
FROM information_schema.tables AS t
LEFT JOIN information_schema.views AS v ON v.table_schema = t.table_schema AND v.table_name = t.table_name
WHERE t.table_schema NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')
UNION ALL
SELECT event_object_schema, event_object_table, 'spreading', NULL FROM information_schema.triggers
UNION ALL
SELECT unique_constraint_schema, referenced_table_name, 'spreading', NULL
FROM information_schema.referential_constraints
WHERE update_rule NOT IN ('NO ACTION', 'RESTRICT') OR delete_rule NOT IN ('NO ACTION', 'RESTRICT')
UNION ALL
SELECT routine_schema, routine_name, 'own', NULL FROM information_schema.routines
WHERE routine_type <> 'PROCEDURE' AND routine_schema NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')
"""

_DUCKDB = """
SELECT schema_name, table_name, CASE WHEN temporary THEN 'other' ELSE 'table' END, NULL FROM duckdb_tables()
WHERE database_name = current_database()
UNION ALL
SELECT schema_name, view_name, CASE WHEN temporary THEN 'other' ELSE 'view' END, sql FROM duckdb_views()
WHERE database_name = current_database() AND NOT internal
UNION ALL
SELECT schema_name, function_name, 'own', NULL FROM duckdb_functions() WHERE NOT internal
"""

QUERIES = {"sqlite": _SQLITE, "postgresql": _POSTGRESQL, "mysql": _MYSQL, "duckdb": _DUCKDB}
"""Kind of database → what to ask it; for others, no result is kept and every write concerns every table."""


TRIES = 5
"""Times that the catalogue is read while tables come and go."""


def catalogue(database: Database) -> Catalogue:
    """What the database holds now; for a kind that is not asked, a catalogue that knows nothing."""
    if database.kind not in QUERIES:
        return NONE
    for _ in range(TRIES - 1):
        try:
            return _built(_asked(database), database.kind)
        except (Unreachable, Timeout):
            raise
        except DatabaseError:  # PostgreSQL reads a view as it is now, and it may have gone since the query began
            continue
    return _built(_asked(database), database.kind)


def _asked(database: Database) -> list[tuple[Any, ...]]:
    with database.connect(read_only=True) as connection:
        driver = database.raw(connection)
        cursor = driver.cursor()
        try:
            cursor.execute(QUERIES[database.kind])
            return [tuple(row[:4]) for row in cursor.fetchall()]
        finally:
            cursor.close()


def _built(rows: list[tuple[Any, ...]], asked: str) -> Catalogue:
    named = [((_text(schema).lower(), _text(name).lower()), kind, text) for schema, name, kind, text in rows]
    others = {name[1] for name, kind, _ in named if kind == "other"}  # another of the same name may be meant
    views = {name: _query(_text(text)) for name, kind, text in named if kind == "view"}
    return Catalogue(
        tables=frozenset(name for name, kind, _ in named if kind == "table" and name[1] not in others),
        views={name: text for name, text in views.items() if name[1] not in others},
        spreading=frozenset(name[1] for name, kind, _ in named if kind == "spreading"),
        own=_own({name[1] for name, kind, _ in named if kind == "own"}, views, asked),
        hidden=any(kind == "hidden" for _, kind, _ in named),
    )


def _own(made: set[str], views: dict[Name, str], kind: str) -> frozenset[str]:
    """What runs code of the database: what was made, and views over it, or whose query may not be seen."""
    found = {*made, *(name[1] for name, text in views.items() if not text)}
    spelled = {name: words(text, kind) for name, text in views.items()}
    while more := {name[1] for name, each in spelled.items() if each is None or each & found} - found:
        found |= more
    return frozenset(found)


def _query(text: str) -> str:
    """The query of a view, which some databases give with the CREATE VIEW before it."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    if not text.lstrip().lower().startswith("create"):
        return text
    try:
        made = sqlglot.parse_one(text, dialect="duckdb")
    except SqlglotError:
        return text  # which is no query, so that nothing behind it is kept
    return made.expression.sql(dialect="duckdb") if isinstance(made, exp.Create) and made.expression else text


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value or "")
