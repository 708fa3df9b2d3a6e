"""SQLite: rows as tuples in; each value keeps a type of its own, so reading looks at them all first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tablemend.databases.bulk import rows as arrow
from tablemend.databases.bulk import statements, values
from tablemend.databases.bulk.dialect import Column, Dialect
from tablemend.databases.bulk.families import family
from tablemend.errors import DataRefused

if TYPE_CHECKING:
    from tablemend.databases.bulk.wire import Wire

_NATIVE = {"null", "boolean", "text", "binary", "float32", "float64"}
_NATIVE |= {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}


def load(wire: Wire, table: str, columns: Sequence[str], batches: Iterable[pa.RecordBatch]) -> int:
    """Insert batches row by row inside the open transaction; the rows that SQLite counted."""
    sql = statements.insert(wire.dialect, table, columns)
    return sum(_inserted(wire, sql, batch) for batch in batches)


def _inserted(wire: Wire, sql: str, batch: pa.RecordBatch) -> int:
    with closing(wire.driver.cursor()) as cursor:
        try:
            cursor.executemany(sql, values.tuples(batch, _spelled))
        except OverflowError as error:
            raise DataRefused(
                "SQLite cannot hold a whole number above 9,223,372,036,854,775,807.", hint="Write the column as text."
            ) from error
        return int(cursor.rowcount)


def _spelled(array: pa.Array) -> Sequence[Any]:
    found = array if family(array.type) in _NATIVE else values.text(array)
    return list(found.to_pylist())


def _alters(column: Column, kind: str) -> str | None:
    """Why a column would change values of a family, or None; https://www.sqlite.org/datatype3.html, 3.1."""
    declared = column.type.upper()
    as_text = any(part in declared for part in ("CHAR", "CLOB", "TEXT")) and "INT" not in declared
    if kind == "decimal" and not (as_text or declared in {"", "BLOB"}):
        return f"a column declared {column.type} keeps numbers as binary floating point; declare it TEXT"
    return None


_KINDS = {"integer": pa.int64(), "real": pa.float64(), "text": pa.string(), "blob": pa.binary()}
_EXACT = 2**53
"""Whole numbers up to it are exact as float64."""


def read(database: Any, sql: str, given: Sequence[Any], rows: int) -> Iterator[Any]:
    """The schema of a query, found in all its values, then its batches; both see one state of the database."""
    with database.connect(read_only=True) as connection, connection.begin():
        driver = database.raw(connection)
        with closing(driver.cursor()) as cursor:
            names = arrow.named(cursor.execute(f"SELECT * FROM ({sql.rstrip().rstrip(';')}) LIMIT 0", tuple(given)))
            schema = pa.schema(list(zip(names, _types(cursor, sql, names, given), strict=True)))
            yield schema
            cursor.execute(sql, tuple(given))
            yield from arrow.stream(cursor, schema, [None] * len(schema), rows)


def _types(cursor: Any, sql: str, names: Sequence[str], given: Sequence[Any]) -> list[pa.DataType]:
    inner = ", ".join(f"c{n}" for n in range(len(names)))
    asked = f"FROM (WITH q({inner}) AS ({sql.rstrip().rstrip(';')}) SELECT * FROM q)"
    kinds = [f"CASE WHEN c{n} IS NOT NULL THEN typeof(c{n}) END" for n in range(len(names))]
    cursor.execute(f"SELECT {', '.join(f'min({each}), max({each})' for each in kinds)} {asked}", tuple(given))
    found = cursor.fetchone()
    ends = list(zip(found[::2], found[1::2], strict=True))  # in the order of the alphabet
    halves = [None] * len(names)
    if ("integer", "real") in ends:
        largest = (f"max(abs(CASE typeof(c{n}) WHEN 'integer' THEN c{n} / 2 END))" for n in range(len(names)))
        halves = list(cursor.execute(f"SELECT {', '.join(largest)} {asked}", tuple(given)).fetchone())
    return [_type(*each) for each in zip(names, ends, halves, strict=True)]


def _type(name: str, ends: tuple[str | None, str | None], half: int | None) -> pa.DataType:
    first, last = ends
    if first == last:
        return _KINDS[first] if first else pa.string()
    if ends == ("integer", "real") and 2 * (half or 0) < _EXACT:
        return pa.float64()
    raise DataRefused(
        f"Column {name!r} holds values of several types, from {first} to {last}.",
        hint="Cast the column in a query of your own, and read that.",
    )


DIALECT = Dialect(
    kind="sqlite",
    name="SQLite",
    quotes=('"', '"'),
    placeholder="?",
    parameters="qmark",
    catalogue=(
        "WITH asked(s, t) AS (VALUES (?, ?)) SELECT c.name, lower(c.type), c.hidden IN (2, 3),"
        " c.pk = 1 AND upper(c.type) = 'INTEGER' FROM asked, pragma_table_xinfo(asked.t, asked.s) AS c"
        " WHERE c.hidden <> 1 ORDER BY c.cid"
    ),
    stage=("CREATE TEMP TABLE {stage} AS SELECT CAST(0 AS INTEGER) AS pos, {columns} FROM {target} AS t WHERE 0",),
    matched=(
        "CREATE TEMP TABLE {matched} (pos INTEGER NOT NULL, ok INTEGER NOT NULL)",
        "CREATE INDEX temp.{matched}_pos ON {matched}(pos)",
    ),
    before=("DELETE FROM {target} WHERE 0",),
    match=(
        "INSERT INTO {matched} SELECT s.pos, CASE WHEN {old} THEN 1 ELSE 0 END"
        " FROM {stage} AS s CROSS JOIN {target} AS t ON {join}"
    ),
    change=(
        "UPDATE {target} AS t SET {set} FROM {stage} AS s JOIN {matched} AS m ON m.pos = s.pos"
        " WHERE {join} AND m.ok = 1"
    ),
    remove=(
        "DELETE FROM {target} AS t WHERE ({key}) IN (SELECT {keys} FROM {stage} AS s"
        " JOIN {matched} AS m ON m.pos = s.pos WHERE m.ok = 1)"
    ),
    add=(
        "INSERT INTO {target} ({written}) SELECT {values} FROM {stage} AS s"
        " WHERE NOT EXISTS (SELECT 1 FROM {matched} AS m WHERE m.pos = s.pos)"
    ),
    outlives=True,
    equal_text="{a} = {b} AND {a} COLLATE BINARY = {b}",
    same="{a} COLLATE BINARY IS {b}",
    same_text="{a} COLLATE BINARY IS {b}",
    text=("text", "varchar", "char", "clob", "nvarchar", "nchar", "character"),
    types={
        "null": "TEXT",
        "boolean": "BOOLEAN",
        **{f"{sign}int{bits}": "INTEGER" for sign in ("", "u") for bits in (8, 16, 32, 64)},
        "float32": "REAL",
        "float64": "REAL",
        "decimal": "TEXT",
        "text": "TEXT",
        "binary": "BLOB",
        "date": "TEXT",
        "time": "TEXT",
        "timestamp": "TEXT",
        "timestamp with zone": "TEXT",
        "json": "TEXT",
        "uuid": "TEXT",
    },
    unsupported={
        "duration": "there is no column type for it",
        "interval": "there is no column type for it",
        "list": "there is no column type for it; write it as JSON",
        "structure": "there is no column type for it; write it as JSON",
        "nanoseconds": "times are written with microseconds; finer ones are refused",
        "whole numbers above 2^63 - 1": "an integer has 64 bits with a sign; they are refused",
        "negative zero": "a float that is whole is kept as an integer; -0.0 comes back as 0.0",
        "declared types on read": "each value keeps a type of its own; dates, times and decimals come as their text",
    },
    refused=("nan",),
    alters=_alters,
    load=load,
    read=read,
)
