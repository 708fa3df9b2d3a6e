"""Snowflake: statements compiled and read as text; no server has run them yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

from tablemend.databases.bulk.dialect import Dialect
from tablemend.databases.bulk.mssql import load


def read(database: Any, sql: str, given: Sequence[Any], rows: int) -> Iterator[Any]:
    """The schema of a query, then its batches, as the driver fetches them."""
    with database.connect(read_only=True) as connection, closing(database.raw(connection).cursor()) as cursor:
        cursor.execute(sql, tuple(given) or None)
        tables = iter(cursor.fetch_arrow_batches())
        first = next(tables, None) or cursor.fetch_arrow_all(force_return_table=True)
        yield first.schema
        for table in (first, *tables):
            yield from table.cast(first.schema).to_batches(max_chunksize=rows)


DIALECT = Dialect(
    kind="snowflake",
    name="Snowflake",
    quotes=('"', '"'),
    placeholder="%s",
    parameters="format",
    catalogue=(
        "SELECT column_name, lower(data_type), false, is_identity = 'YES' FROM information_schema.columns"
        " WHERE table_schema = coalesce(%s, current_schema()) AND table_name = %s ORDER BY ordinal_position"
    ),
    stage=(
        "CREATE TEMPORARY TABLE {stage} AS SELECT CAST(0 AS BIGINT) AS pos, {columns} FROM {target} AS t WHERE false",
    ),
    matched=("CREATE TEMPORARY TABLE {matched} (pos BIGINT, ok INTEGER)",),
    match=(
        "INSERT INTO {matched} SELECT s.pos, CASE WHEN {old} THEN 1 ELSE 0 END"
        " FROM {stage} AS s JOIN {target} AS t ON {join}"
    ),
    change=(
        "UPDATE {target} AS t SET {set} FROM {stage} AS s, {matched} AS m WHERE m.pos = s.pos AND {join} AND m.ok = 1"
    ),
    remove="DELETE FROM {target} AS t USING {stage} AS s, {matched} AS m WHERE m.pos = s.pos AND {join} AND m.ok = 1",
    add=(
        "INSERT INTO {target} ({written}) SELECT {values} FROM {stage} AS s"
        " WHERE NOT EXISTS (SELECT 1 FROM {matched} AS m WHERE m.pos = s.pos)"
    ),
    outlives=True,
    savepoints=False,
    equal_text="{a} = {b} AND HEX_ENCODE({a}) = HEX_ENCODE({b})",
    same="{a} IS NOT DISTINCT FROM {b}",
    same_text="HEX_ENCODE({a}) IS NOT DISTINCT FROM HEX_ENCODE({b})",
    text=("text", "varchar", "char", "string"),
    zoned=("timestamp_tz", "timestamp_ltz"),
    local=("timestamp_ntz",),
    compared=dict.fromkeys(("variant", "object", "array"), "TO_JSON({})"),
    types={
        "null": "VARCHAR",
        "boolean": "BOOLEAN",
        **{f"{sign}int{bits}": "NUMBER(20, 0)" for sign in ("", "u") for bits in (8, 16, 32, 64)},
        "float32": "FLOAT",
        "float64": "FLOAT",
        "decimal": "NUMBER({precision}, {scale})",
        "text": "VARCHAR",
        "binary": "BINARY",
        "date": "DATE",
        "time": "TIME(6)",
        "timestamp": "TIMESTAMP_NTZ(6)",
        "timestamp with zone": "TIMESTAMP_TZ(6)",
        "uuid": "VARCHAR",
    },
    unsupported={
        "json": "a VARIANT needs PARSE_JSON around each value; write it as text",
        "duration": "there is no column type for it",
        "interval": "there is no column type for it",
        "list": "there is no column type for it; write it as text",
        "structure": "there is no column type for it; write it as text",
        "nanoseconds": "times are written with microseconds; finer ones are refused",
        "one transaction with other statements": "making the staging table commits the open transaction",
    },
    load=load,
    read=read,
    verified=False,
)
