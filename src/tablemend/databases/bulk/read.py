"""Reading queries and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from tablemend.databases.bulk.batches import ROWS
from tablemend.databases.bulk.dialect import Column, Dialect
from tablemend.databases.bulk.parameters import bound, missing_told
from tablemend.databases.bulk.registry import DIALECTS
from tablemend.databases.bulk.wire import Table, reading
from tablemend.databases.database import Database
from tablemend.databases.limited import Limited
from tablemend.errors import MissingObject


def read(
    database: Database,
    source: str | Table,
    *,
    params: Mapping[str, Any] | None = None,
    batch_rows: int = ROWS,
    order: Sequence[str] = (),
    columns: Sequence[str] = (),
    where: str = "",
    first: int | None = None,
    timeout: float | None = None,
) -> pa.RecordBatchReader:
    """Stream a query, whose parameters are written `:name`, or a table (schema, name), in batches of bounded memory.

    Of a table, `columns` names those to read, by default all, `where` is a condition in its SQL, and `order` names
    the columns that its rows are sorted by. `first` is the most rows to read, by default all. `timeout` is the most
    seconds for each statement. The connection is held until the reader is read to its end or forgotten; closing it
    alone keeps the connection. Raises DataRefused for a value that its Arrow type cannot hold, SettingsError for a
    parameter that is not in the query or not given, MissingObject and the other kinds of DatabaseError.
    """
    dialect = DIALECTS[database.kind]
    if isinstance(source, str):
        sql = source
    else:
        sql = _table(database, dialect, source, columns, where, order, escaped=bool(params))
    if first is not None:
        sql = dialect.first.format(sql, first)
    text, values = bound(dialect, sql, params or {})
    stream = dialect.read(Limited(database, timeout), text, values, batch_rows)
    with missing_told(sql, params or {}):
        schema = next(stream)
    return pa.RecordBatchReader.from_batches(schema, stream)


def read_table(database: Database, source: str | Table, *, params: Mapping[str, Any] | None = None) -> pa.Table:
    """A query or table as one Arrow table; see `read`."""
    return read(database, source, params=params).read_all()


def schema_of(database: Database, table: Table) -> pa.Schema:
    """The Arrow types that reading a table gives, without its rows."""
    dialect = DIALECTS[database.kind]
    stream = dialect.read(Limited(database, None), f"{_selected(database, dialect, table)} WHERE 1 = 0", (), 1)
    found: pa.Schema = next(stream)
    stream.close()
    return found


def _table(
    database: Database,
    dialect: Dialect,
    table: Table,
    columns: Sequence[str],
    where: str,
    order: Sequence[str],
    *,
    escaped: bool,
) -> str:
    selected, end = _selected(database, dialect, table, columns), _sorted(dialect, order)
    if escaped:  # a colon in a name is no parameter
        selected, end = selected.replace(":", "\\:"), end.replace(":", "\\:")
    return selected + (f" WHERE {where}" if where else "") + end


def _sorted(dialect: Dialect, order: Sequence[str]) -> str:
    return f" ORDER BY {', '.join(dialect.quoted(each) for each in order)}" if order else ""


def _selected(database: Database, dialect: Dialect, table: Table, names: Sequence[str] = ()) -> str:
    with reading(database) as wire:
        known = {each.name: each for each in wire.columns(table)}
    if missing := [name for name in names if name not in known]:
        raise MissingObject(f"{table[1]} has no column {missing[0]!r}", hint=f"It has {', '.join(known)}.")
    columns = [known[name] for name in names or known]
    return f"SELECT {', '.join(_item(dialect, each) for each in columns)} FROM {dialect.qualified(*table)}"


def _item(dialect: Dialect, column: Column) -> str:
    name = dialect.quoted(column.name)
    shortened = dialect.read_as.get(column.type)
    return f"{shortened.format(name)} AS {name}" if shortened else name
