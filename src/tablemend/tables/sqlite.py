"""Tables and queries of SQLite files, read only."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa

from tablemend.engine import sql as syntax
from tablemend.errors import SourceNotFound, UnreadableSource
from tablemend.records import Column
from tablemend.tables.arrow import numbered, uniform
from tablemend.tables.limits import Limits
from tablemend.tables.text import decode_damaged

BATCH = 50_000
"""Rows fetched together."""

_STEPS = 10_000  # of its machine, between two looks at the clock

_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}


def read(
    path: Path, table: str | None, query: str | None, limits: Limits
) -> tuple[pa.Table, tuple[Column, ...], tuple[str, ...]]:
    """A table, view or query; also the names of the primary key columns."""
    limits.bytes(path.stat().st_size, path.name)
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            connection.text_factory = decode_damaged
            chosen = None if query else choose(_tables(connection), table, path)
            key = _key(connection, chosen) if chosen else ()
            connection.set_authorizer(_only_reads)
            until = time.monotonic() + limits.statement_timeout
            connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
            found, columns = _fetch(
                connection, query or f"SELECT * FROM {syntax.name(chosen or '')}", limits, path.name
            )
    except sqlite3.DatabaseError as error:
        if "interrupted" in str(error):
            raise limits.too_slow(path.name) from error
        raise _explained(path, query, error) from error
    names = {column.header: column.name for column in columns}
    return found, columns, tuple(names[each] for each in key)


def tables(path: Path) -> list[str]:
    """The tables and views of a file."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            return _tables(connection)
    except sqlite3.DatabaseError as error:
        raise _explained(path, None, error) from error


def choose(tables: Sequence[str], wanted: str | None, path: Path) -> str:
    """The table that is meant: the only one where none is named. Raises SourceNotFound."""
    listed = f"It has {', '.join(tables[:20])}." if tables else "It has no tables."
    if wanted is None:
        if len(tables) == 1:
            return tables[0]
        raise SourceNotFound(f"{path.name} is a database, and no table of it is named.", hint=f"Add #table. {listed}")
    same = [each for each in tables if each == wanted] or [
        each for each in tables if each.casefold() == wanted.casefold()
    ]
    if not same:
        raise SourceNotFound(f"{path.name} has no table {wanted!r}.", hint=listed)
    return same[0]


def _tables(connection: sqlite3.Connection) -> list[str]:
    found = connection.execute(
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        " ORDER BY type, name"
    )
    return [name for (name,) in found]


def _key(connection: sqlite3.Connection, table: str) -> tuple[str, ...]:
    found = connection.execute("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (table,))
    return tuple(name for (name,) in found)


def _only_reads(action: int, *_: str | None) -> int:
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY


def _fetch(
    connection: sqlite3.Connection, query: str, limits: Limits, name: str
) -> tuple[pa.Table, tuple[Column, ...]]:
    cursor = connection.execute(query)
    if cursor.description is None:
        raise UnreadableSource(f"The query on {name} gives no table.", hint="Write one SELECT statement.")
    headers = [each[0] for each in cursor.description]
    limits.columns(len(headers), name)
    pieces: list[list[pa.Array | list[Any]]] = [[] for _ in headers]
    rows = 0
    while batch := cursor.fetchmany(BATCH):
        rows += len(batch)
        limits.rows(rows, name)
        for piece, values in zip(pieces, zip(*batch, strict=True), strict=True):
            piece.append(_packed(values))
    return numbered(headers, [_joined(piece) for piece in pieces])


def _packed(values: Sequence[Any]) -> pa.Array | list[Any]:
    """A batch as an array where its values are of one type; SQLite keeps the type with each value."""
    kinds = {type(value) for value in values} - {type(None)}
    return uniform(values) if len(kinds) == 1 else list(values)


def _joined(pieces: list[pa.Array | list[Any]]) -> pa.ChunkedArray:
    """The batches of a column in one type."""
    arrays = [each for each in pieces if isinstance(each, pa.Array)]
    kinds = {each.type for each in arrays}
    empty = all(isinstance(each, pa.Array) or not any(value is not None for value in each) for each in pieces)
    if len(kinds) > 1 or not empty:
        return pa.chunked_array([uniform([value for piece in pieces for value in _values(piece)])])
    kind = kinds.pop() if kinds else pa.string()
    return pa.chunked_array(
        [each if isinstance(each, pa.Array) else pa.nulls(len(each), kind) for each in pieces], kind
    )


def _values(piece: pa.Array | list[Any]) -> list[Any]:
    found: list[Any] = piece.to_pylist() if isinstance(piece, pa.Array) else piece
    return found


def _explained(path: Path, query: str | None, error: sqlite3.DatabaseError) -> UnreadableSource:
    if "not a database" in str(error) or "malformed" in str(error):
        return UnreadableSource(f"{path} is not an SQLite database: {error}.", hint="Give it the suffix of what it is.")
    if query:
        return UnreadableSource(f"The query on {path.name} fails: {error}.", hint="Write one SELECT statement.")
    return UnreadableSource(f"{path} cannot be read: {error}.", hint="Check that no other program holds it.")
