"""Tables and queries of DuckDB files, read only."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from tablemend.engine import sql as syntax
from tablemend.engine.duckdb import Session
from tablemend.errors import UnreadableSource
from tablemend.records import Column
from tablemend.tables.arrow import numbered
from tablemend.tables.limits import Limits
from tablemend.tables.sqlite import choose

_AS_TEXT = (
    "HUGEINT",
    "UHUGEINT",
    "UUID",
    "ENUM",
    "BIT",
    "INTERVAL",
    "UNION",
    "TIME WITH TIME ZONE",
    "BIGNUM",
    "VARINT",
)
"""Types without an Arrow type that Parquet keeps exactly."""


def read(
    path: Path, table: str | None, query: str | None, limits: Limits
) -> tuple[pa.Table, tuple[Column, ...], tuple[str, ...]]:
    """A table, view or query; also the names of the primary key columns."""
    limits.bytes(path.stat().st_size, path.name)
    with _opened(path) as session, _in_time(session, limits, path.name):
        chosen = None if query else choose(_tables(session), table, path)
        key = _key(session, chosen) if chosen else ()
        found, columns = _fetch(session, _query(query, chosen, path), limits, path.name)
    names = {column.header: column.name for column in columns}
    return found, columns, tuple(names[each] for each in key)


def tables(path: Path) -> list[str]:
    """The tables and views of a file."""
    with _opened(path) as session:
        return _tables(session)


@contextmanager
def _opened(path: Path) -> Iterator[Session]:
    """A session that reads just this file."""
    try:
        with Session() as session:
            session.execute(f"ATTACH {syntax.literal(str(path.resolve()))} AS source (READ_ONLY)")
            session.execute("USE source")
            session.execute("SET enable_external_access = false")
            yield session
    except duckdb.Error as error:
        first = str(error).splitlines()[0].rstrip(".")
        raise UnreadableSource(
            f"{path} cannot be read as a DuckDB database: {first}.", hint="Check the file, the table and the query."
        ) from error


@contextmanager
def _in_time(session: Session, limits: Limits, name: str) -> Iterator[None]:
    """Stop whatever runs too long."""
    clock = threading.Timer(limits.statement_timeout, session.interrupt)
    clock.daemon = True
    clock.start()
    try:
        yield
    except duckdb.InterruptException as error:
        raise limits.too_slow(name) from error
    finally:
        clock.cancel()


def _query(query: str | None, chosen: str | None, path: Path) -> str:
    if query is None:
        return f"SELECT * FROM {'.'.join(map(syntax.name, (chosen or '').split('.', 1)))}"
    statements = duckdb.extract_statements(query)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise UnreadableSource(f"The query on {path.name} is not one SELECT.", hint="Write one SELECT statement.")
    return str(statements[0].query).rstrip().rstrip(";")


def _tables(session: Session) -> list[str]:
    """Tables and views; those outside the schema main with their schema."""
    found = session.rows(
        "SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = 'source'"
        " ORDER BY table_schema <> 'main', table_schema, table_name"
    )
    return [name if schema == "main" else f"{schema}.{name}" for schema, name in found]


def _key(session: Session, table: str) -> tuple[str, ...]:
    schema, _, name = table.rpartition(".")
    found = session.rows(
        "SELECT constraint_column_names FROM duckdb_constraints() WHERE database_name = 'source'"
        " AND constraint_type = 'PRIMARY KEY' AND schema_name = ? AND table_name = ?",
        [schema or "main", name],
    )
    return tuple(found[0][0]) if found else ()


def _fetch(session: Session, query: str, limits: Limits, name: str) -> tuple[pa.Table, tuple[Column, ...]]:
    described = [(row[0], row[1]) for row in session.rows(f"DESCRIBE {query}")]
    limits.columns(len(described), name)
    aliases = [f"c{position}" for position in range(len(described))]
    picked = ", ".join(
        f"CAST({alias} AS VARCHAR)" if kind.startswith(_AS_TEXT) else alias
        for alias, (_, kind) in zip(aliases, described, strict=True)
    )
    table = session.arrow(f"SELECT {picked} FROM ({query}\n) AS q({', '.join(aliases)}) LIMIT {limits.max_rows + 1}")
    limits.rows(table.num_rows, name)
    return numbered([header for header, _ in described], table.columns)
