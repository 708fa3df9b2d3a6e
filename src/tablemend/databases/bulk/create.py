"""A new table for Arrow data."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import sqlalchemy as sa

from tablemend.databases.bulk import checks
from tablemend.databases.bulk.dialect import Dialect
from tablemend.databases.bulk.families import family
from tablemend.databases.bulk.wire import Table, opened
from tablemend.databases.database import Database
from tablemend.databases.writes import note_write


def create(where: Database | sa.Connection, table: Table, schema: pa.Schema, *, key: Sequence[str] = ()) -> None:
    """Make an empty table with the columns of an Arrow schema; DataRefused for a type the database lacks."""
    if isinstance(where, Database):
        with where.transaction() as connection:
            create(connection, table, schema, key=key)
        return
    wire = opened(where)
    note_write(where, *table, new=True)
    wire.run(statement(wire.dialect, table, schema, key))


def statement(dialect: Dialect, table: Table, schema: pa.Schema, key: Sequence[str] = ()) -> str:
    """The CREATE TABLE of an Arrow schema."""
    checks.new(dialect, schema)
    parts = [_column(dialect, each, in_key=each.name in key) for each in schema]
    if key:
        parts.append(f"PRIMARY KEY ({', '.join(dialect.quoted(each) for each in key)})")
    return f"CREATE TABLE {dialect.qualified(*table)} ({', '.join(parts)})"


def _column(dialect: Dialect, field: pa.Field, *, in_key: bool) -> str:
    spelled = dialect.in_key.get(family(field.type)) if in_key else None
    empty = "NOT NULL" if in_key or not field.nullable else "NULL"
    return f"{dialect.quoted(field.name)} {spelled or _type(dialect, field.type)} {empty}"


def _type(dialect: Dialect, kind: pa.DataType) -> str:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return dialect.types["list"].format(item=_type(dialect, kind.value_type))
    decimal = pa.types.is_decimal(kind)
    sizes = (
        {"precision": max(kind.precision, kind.precision - kind.scale), "scale": max(kind.scale, 0)} if decimal else {}
    )
    return dialect.types[family(kind)].format(**sizes)
