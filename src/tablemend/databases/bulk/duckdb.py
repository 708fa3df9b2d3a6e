"""DuckDB: Arrow in and out of the engine itself."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import sqlalchemy as sa

from tablemend.databases.bulk.dialect import Dialect

if TYPE_CHECKING:
    from tablemend.databases.bulk.wire import Wire


def load(wire: Wire, table: str, columns: Sequence[str], batches: Iterable[pa.RecordBatch]) -> int:
    """Insert batches in the open transaction; the rows that DuckDB counted."""
    name = f"tablemend_{secrets.token_hex(6)}"
    sql = f"INSERT INTO {table} ({', '.join(columns)}) SELECT * FROM {name}"
    rows = 0
    for batch in batches:
        wire.driver.register(name, pa.Table.from_batches([batch]))
        rows += wire.run(sql)
        wire.driver.unregister(name)  # after a failure the rollback forgets the name
    return rows


def read(database: Any, sql: str, given: Sequence[Any], rows: int) -> Iterator[Any]:
    """The schema of a query, then its batches."""
    with database.connect(read_only=True) as connection, connection.begin(), _stopped(connection):
        driver = database.raw(connection)
        relation = driver.sql(sql, params=list(given) or None)
        with closing(relation.to_arrow_reader(rows)) as reader:  # an open result cannot be rolled back
            schema = pa.schema([pa.field(each.name, _utc(each.type)) for each in reader.schema])
            yield schema
            for batch in reader:
                arrays = [array.cast(field.type) for array, field in zip(batch.columns, schema, strict=True)]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)


@contextmanager
def _stopped(connection: sa.Connection) -> Iterator[None]:
    """Interrupt what runs in the block when the time that statements of the connection have is over."""
    seconds = connection.info.get("timeout")
    if seconds is None:
        yield
        return
    timer = threading.Timer(seconds, connection.connection.driver_connection.interrupt)  # type: ignore[union-attr]
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _utc(kind: pa.DataType) -> pa.DataType:
    """The type with moments in UTC, whatever the session shows them in; the moments stay."""
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return pa.timestamp(kind.unit, "UTC")
    return kind


def _counted(driver: Any) -> int:
    found = driver.fetchone()
    return int(found[0]) if found and driver.description[0][0] == "Count" else -1


DIALECT = Dialect(
    kind="duckdb",
    name="DuckDB",
    quotes=('"', '"'),
    placeholder="?",
    parameters="qmark",
    catalogue=(
        "SELECT column_name, lower(data_type), is_generated = 'ALWAYS', false FROM information_schema.columns"
        " WHERE table_schema = coalesce(?, current_schema()) AND table_name = ? ORDER BY ordinal_position"
    ),
    stage=("CREATE TEMP TABLE {stage} AS SELECT CAST(0 AS BIGINT) AS pos, {columns} FROM {target} AS t WHERE false",),
    matched=("CREATE TEMP TABLE {matched} (pos BIGINT, ok INTEGER)",),
    match=(
        "INSERT INTO {matched} SELECT s.pos, CASE WHEN {old} THEN 1 ELSE 0 END"
        " FROM {stage} AS s JOIN {target} AS t ON {join}"
    ),
    change=(
        "UPDATE {target} AS t SET {set} FROM {stage} AS s JOIN {matched} AS m ON m.pos = s.pos"
        " WHERE {join} AND m.ok = 1"
    ),
    remove="DELETE FROM {target} AS t USING {stage} AS s, {matched} AS m WHERE m.pos = s.pos AND {join} AND m.ok = 1",
    add=(
        "INSERT INTO {target} ({written}) SELECT {values} FROM {stage} AS s"
        " WHERE NOT EXISTS (SELECT 1 FROM {matched} AS m WHERE m.pos = s.pos)"
    ),
    savepoints=False,
    equal_text="{a} = {b} AND encode({a}) = encode({b})",
    same="{a} IS NOT DISTINCT FROM {b}",
    same_text="encode({a}) IS NOT DISTINCT FROM encode({b})",
    text=("varchar",),
    zoned=("timestamp with time zone",),
    local=("timestamp",),
    compared={"json": "CAST({} AS VARCHAR)"},
    types={
        "null": "VARCHAR",
        "boolean": "BOOLEAN",
        "int8": "TINYINT",
        "int16": "SMALLINT",
        "int32": "INTEGER",
        "int64": "BIGINT",
        "uint8": "UTINYINT",
        "uint16": "USMALLINT",
        "uint32": "UINTEGER",
        "uint64": "UBIGINT",
        "float32": "FLOAT",
        "float64": "DOUBLE",
        "decimal": "DECIMAL({precision}, {scale})",
        "text": "VARCHAR",
        "binary": "BLOB",
        "date": "DATE",
        "time": "TIME",
        "timestamp": "TIMESTAMP",
        "timestamp with zone": "TIMESTAMPTZ",
        "interval": "INTERVAL",
        "duration": "INTERVAL",
        "json": "JSON",
        "uuid": "UUID",
        "list": "{item}[]",
    },
    unsupported={
        "a row deleted by others meanwhile": "the engine does not say so: the row counts as updated, and is gone",
        "structure": "the columns of a new table are spelled from simple types; write it as JSON",
        "types of json and uuid on read": "the engine hands them over as text",
        "decimals of more than 38 digits": "the engine has none",
    },
    opened=nullcontext,
    counted=_counted,
    load=load,
    read=read,
)
