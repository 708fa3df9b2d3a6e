"""SQL Server: statements compiled and read as text; no server has run them yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tablemend.databases.bulk import rows as arrow
from tablemend.databases.bulk import statements, values
from tablemend.databases.bulk.dialect import Dialect
from tablemend.databases.bulk.families import family

if TYPE_CHECKING:
    from tablemend.databases.bulk.wire import Wire

_NATIVE = {"null", "boolean", "text", "binary", "float64", "decimal", "date"}


def load(wire: Wire, table: str, columns: Sequence[str], batches: Iterable[pa.RecordBatch]) -> int:
    """Insert batches by arrays of parameters in the open transaction; the rows that the server counted."""
    sql = statements.insert(wire.dialect, table, columns)
    rows = 0
    for batch in batches:
        with closing(wire.driver.cursor()) as cursor:
            cursor.executemany(sql, list(values.tuples(batch, _spelled)))
            rows += int(cursor.rowcount)
    return rows


def _spelled(array: pa.Array) -> Sequence[Any]:
    kind = family(array.type)
    found = array if kind in _NATIVE or kind.startswith(("int", "uint")) else values.text(array)
    return list(found.to_pylist())


def read(database: Any, sql: str, given: Sequence[Any], rows: int) -> Iterator[Any]:
    """The schema of a query, then its batches."""
    with database.connect(read_only=True) as connection, closing(database.raw(connection).cursor()) as cursor:
        cursor.execute(sql, tuple(given))
        names = arrow.named(cursor)
        schema = pa.schema([(name, _type(each)) for name, each in zip(names, cursor.description, strict=True)])
        yield schema
        yield from arrow.stream(cursor, schema, [None] * len(names), rows)


def _type(described: Sequence[Any]) -> pa.DataType:
    import datetime
    import decimal

    if described[1] is decimal.Decimal:
        return pa.decimal128(described[4], described[5])
    kinds = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), bytes: pa.binary(), datetime.date: pa.date32()}
    kinds |= {datetime.datetime: pa.timestamp("us"), datetime.time: pa.time64("us")}
    return kinds.get(described[1], pa.string())


DIALECT = Dialect(
    kind="mssql",
    name="SQL Server",
    quotes=("[", "]"),
    placeholder="?",
    parameters="qmark",
    catalogue=(
        "SELECT c.name, lower(t.name), c.is_computed, c.is_identity FROM sys.columns AS c"
        " JOIN sys.types AS t ON t.user_type_id = c.user_type_id WHERE c.object_id ="
        " object_id(quotename(coalesce(?, schema_name())) + '.' + quotename(?)) ORDER BY c.column_id"
    ),
    stage=(
        "SELECT CAST(0 AS bigint) AS pos, {columns} INTO {stage}"
        " FROM (SELECT 1 AS one) AS d LEFT JOIN {target} AS t ON 1 = 0 WHERE 1 = 0",
    ),
    matched=("CREATE TABLE {matched} (pos bigint NOT NULL, ok int NOT NULL)",),
    match=(
        "INSERT INTO {matched} SELECT s.pos, CASE WHEN {old} THEN 1 ELSE 0 END"
        " FROM {stage} AS s JOIN {target} AS t WITH (UPDLOCK, HOLDLOCK) ON {join}"
    ),
    change=(
        "UPDATE t SET {set} FROM {target} AS t JOIN {stage} AS s ON {join} JOIN {matched} AS m ON m.pos = s.pos"
        " WHERE m.ok = 1"
    ),
    remove=(
        "DELETE t FROM {target} AS t JOIN {stage} AS s ON {join} JOIN {matched} AS m ON m.pos = s.pos WHERE m.ok = 1"
    ),
    add=(
        "INSERT INTO {target} ({written}) SELECT {values} FROM {stage} AS s"
        " WHERE NOT EXISTS (SELECT 1 FROM {matched} AS m WHERE m.pos = s.pos)"
    ),
    temporary="#{name}",
    equal_text="{a} = {b} AND CAST({a} AS varbinary(max)) = CAST({b} AS varbinary(max))",
    same="({a} = {b} OR ({a} IS NULL AND {b} IS NULL))",
    same_text=(
        "(CAST({a} AS varbinary(max)) = CAST({b} AS varbinary(max)) AND DATALENGTH({a}) = DATALENGTH({b})"
        " OR ({a} IS NULL AND {b} IS NULL))"
    ),
    text=("char", "varchar", "nchar", "nvarchar", "text", "ntext"),
    zoned=("datetimeoffset",),
    local=("datetime", "datetime2", "smalldatetime"),
    compared={"xml": "CAST({} AS nvarchar(max))"},
    types={
        "null": "nvarchar(max)",
        "boolean": "bit",
        "int8": "smallint",
        "int16": "smallint",
        "int32": "int",
        "int64": "bigint",
        "uint8": "tinyint",
        "uint16": "int",
        "uint32": "bigint",
        "uint64": "decimal(20, 0)",
        "float32": "real",
        "float64": "float",
        "decimal": "decimal({precision}, {scale})",
        "text": "nvarchar(max)",
        "binary": "varbinary(max)",
        "date": "date",
        "time": "time(6)",
        "timestamp": "datetime2(6)",
        "timestamp with zone": "datetimeoffset(6)",
        "json": "nvarchar(max)",
        "uuid": "uniqueidentifier",
    },
    in_key={"text": "nvarchar(400)", "binary": "varbinary(800)"},
    unsupported={
        "duration": "there is no column type for it",
        "interval": "there is no column type for it",
        "list": "there is no column type for it; write it as JSON",
        "structure": "there is no column type for it; write it as JSON",
        "nanoseconds": "times are written with microseconds; finer ones are refused",
    },
    refused=("nan", "infinity"),
    first="SELECT TOP ({1}) * FROM ({0}\n) AS first_rows",
    numbered=("SET IDENTITY_INSERT {target} ON", "SET IDENTITY_INSERT {target} OFF"),
    load=load,
    read=read,
    verified=False,
)
