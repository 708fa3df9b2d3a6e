"""MySQL and MariaDB: statements of many rows as large as the server takes, and rows streamed unbuffered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from tablemend.databases.bulk import rows as arrow
from tablemend.databases.bulk import values
from tablemend.databases.bulk.dialect import Dialect
from tablemend.databases.bulk.families import family
from tablemend.errors import DataRefused

if TYPE_CHECKING:
    from tablemend.databases.bulk.wire import Wire

_LARGEST = 1_000_000
"""Bytes of one statement, where the server takes more: larger ones were not faster."""
_BINARY, _UNSIGNED = 63, 32
"""Number of the binary character set, and the flag of unsigned columns, in the protocol's description."""


def load(wire: Wire, table: str, columns: Sequence[str], batches: Iterable[pa.RecordBatch]) -> int:
    """Insert batches in statements of many rows; the rows that the server counted."""
    _utf8(wire)
    limit = min(_LARGEST, wire.count("SELECT @@max_allowed_packet") - 1024)
    escaped = "NO_BACKSLASH_ESCAPES" not in wire.rows("SELECT @@sql_mode")[0][0]
    head = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ".encode()
    return sum(
        wire.driver.query(head + piece)
        for batch in batches
        for piece in _pieces(_rendered(batch, escaped), limit - len(head))
    )


def _utf8(wire: Wire) -> None:
    if wire.driver.charset != "utf8mb4":
        raise DataRefused(
            f"The connection speaks {wire.driver.charset}, which cannot carry every text.",
            hint="Take charset= out of the URL, or make it utf8mb4.",
        )


def _rendered(batch: pa.RecordBatch, escaped: bool) -> pa.Array:
    """Each row as `(value, …)`."""
    joined = pc.binary_join_element_wise(*(_literal(each, escaped) for each in batch.columns), _bytes(b","))
    return pc.binary_join_element_wise(_bytes(b"("), joined, _bytes(b")"), _bytes(b""))


def _bytes(text: bytes | None) -> pa.Scalar:
    return pa.scalar(text, pa.large_binary())


def _literal(array: pa.Array, escaped: bool) -> pa.Array:
    kind = family(array.type)
    if kind == "binary":
        found = values.hexadecimal(array, "x'", "'")
    elif kind.startswith(("int", "uint")) and kind != "interval":
        found = array.cast(pa.string())  # a quoted number would be text for a column of bits
    elif kind == "boolean":
        found = array.cast(pa.int8()).cast(pa.string())
    elif kind == "timestamp with zone":
        found = _quoted(array.cast(pa.timestamp("us")).cast(pa.string()), escaped)  # the session is in UTC
    else:
        found = _quoted(values.text(array), escaped)
    found = found.cast(pa.large_binary())
    return pc.if_else(pc.is_valid(array), found, _bytes(b"NULL")) if array.null_count else found


def _quoted(array: pa.Array, escaped: bool) -> pa.Array:
    if escaped:
        array = pc.replace_substring(array, "\\", "\\\\")
    return pc.binary_join_element_wise("'", pc.replace_substring(array, "'", "''"), "'", "")


def _pieces(found: pa.Array, limit: int) -> Iterator[bytes]:
    """Rows joined by commas, in pieces of at most `limit` bytes or of one row."""
    piece: list[bytes] = []
    size = 0
    for row in found.to_pylist():
        if piece and size + len(row) > limit:
            yield b",".join(piece)
            piece, size = [], 0
        piece.append(row)
        size += len(row) + 1
    if piece:
        yield b",".join(piece)


def read(database: Any, sql: str, given: Sequence[Any], rows: int) -> Iterator[Any]:
    """The schema of a query, then its batches; the server keeps what is not fetched yet."""
    from pymysql.cursors import SSCursor

    with database.connect(read_only=True) as connection:
        driver = database.raw(connection)
        with closing(driver.cursor()) as cursor:
            cursor.execute(DIALECT.session[0])
        try:
            with closing(driver.cursor(SSCursor)) as cursor:
                cursor.execute(sql, *((tuple(given),) if given else ()))
                names = arrow.named(cursor)
                found = [_described(each) for each in cursor._result.fields]
                schema = pa.schema(list(zip(names, (each for each, _ in found), strict=True)))
                yield schema
                yield from arrow.stream(cursor, schema, [each for _, each in found], rows)
        finally:
            if driver.open:
                with closing(driver.cursor()) as cursor:
                    cursor.execute(DIALECT.session[1])


def _described(field: Any) -> tuple[pa.DataType, arrow.Convert | None]:
    """Arrow type of a column of a result, and what its values pass through."""
    from pymysql.constants import FIELD_TYPE as T

    code, unsigned = field.type_code, bool(field.flags & _UNSIGNED)
    sizes = {T.TINY: 8, T.SHORT: 16, T.INT24: 32, T.LONG: 32, T.LONGLONG: 64}
    if code in sizes:
        return getattr(pa, f"{'u' if unsigned else ''}int{sizes[code]}")(), None
    if code in {T.DECIMAL, T.NEWDECIMAL}:
        precision = field.length - (field.scale > 0) - (not unsigned)
        return (pa.decimal128 if precision <= 38 else pa.decimal256)(precision, field.scale), None
    if code == T.BIT:
        return pa.uint64(), int.from_bytes
    known = {T.FLOAT: pa.float32(), T.DOUBLE: pa.float64(), T.DATE: pa.date32(), T.YEAR: pa.int16()}
    moments = {T.DATETIME: pa.timestamp("us"), T.TIMESTAMP: pa.timestamp("us", "UTC"), T.TIME: pa.duration("us")}
    if code in known or code in moments:
        return {**known, **moments}[code], _moment if code in moments else None
    return (pa.binary() if field.charsetnr == _BINARY and code != T.JSON else pa.string()), None


def _moment(value: Any) -> Any:
    """A date or time; the driver gives text for what Python's types cannot hold."""
    if isinstance(value, str):
        raise DataRefused(f"The date {value!r} is no date.", hint="Cast the column to text in a query of your own.")
    return value


DIALECT = Dialect(
    kind="mysql",
    name="MySQL and MariaDB",
    quotes=("`", "`"),
    placeholder="%s",
    parameters="format",
    catalogue=(
        "SELECT column_name, lower(column_type), coalesce(generation_expression, '') <> '',"
        " instr(extra, 'auto_increment') > 0 FROM information_schema.columns"
        " WHERE table_schema = coalesce(%s, database()) AND table_name = %s ORDER BY ordinal_position"
    ),
    session=(
        "SET @tablemend_mode = @@sql_mode, @tablemend_zone = @@time_zone, time_zone = '+00:00',"
        " sql_mode = concat(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO,STRICT_ALL_TABLES')",
        "SET sql_mode = @tablemend_mode, time_zone = @tablemend_zone",
    ),
    stage=(
        "CREATE TEMPORARY TABLE {stage} (pos BIGINT NOT NULL PRIMARY KEY) AS"
        " SELECT 0 AS pos, {columns} FROM (SELECT 1 AS one) AS d LEFT JOIN {target} AS t ON 1 = 0 WHERE 1 = 0",
    ),
    matched=("CREATE TEMPORARY TABLE {matched} (pos BIGINT NOT NULL, ok INT NOT NULL, KEY (pos))",),
    match=(
        "INSERT INTO {matched} SELECT s.pos, CASE WHEN {old} THEN 1 ELSE 0 END"
        " FROM {stage} AS s STRAIGHT_JOIN {target} AS t ON {join} FOR UPDATE"
    ),
    change=(
        "UPDATE {matched} AS m STRAIGHT_JOIN {stage} AS s ON s.pos = m.pos STRAIGHT_JOIN {target} AS t ON {join}"
        " SET {set_t} WHERE m.ok = 1"
    ),
    remove=(
        "DELETE t FROM {matched} AS m STRAIGHT_JOIN {stage} AS s ON s.pos = m.pos STRAIGHT_JOIN {target} AS t ON {join}"
        " WHERE m.ok = 1"
    ),
    add=(
        "INSERT INTO {target} ({written}) SELECT {values} FROM {stage} AS s LEFT JOIN {matched} AS m ON m.pos = s.pos"
        " WHERE m.pos IS NULL"
    ),
    drop="DROP TEMPORARY TABLE IF EXISTS {name}",  # a plain DROP TABLE would commit
    outlives=True,
    equal_text="{a} = {b} AND CAST({a} AS BINARY) = CAST({b} AS BINARY)",
    same="{a} <=> {b}",
    same_text="CAST({a} AS BINARY) <=> CAST({b} AS BINARY)",
    text=("char", "varchar", "text", "tinytext", "mediumtext", "longtext", "enum", "set"),
    zoned=("timestamp",),
    local=("datetime",),
    compared={"json": "CAST({} AS CHAR)"},
    read_as={"float": "CAST({} AS DOUBLE)"},
    types={
        "null": "longtext",
        "boolean": "boolean",
        "int8": "tinyint",
        "int16": "smallint",
        "int32": "int",
        "int64": "bigint",
        "uint8": "tinyint unsigned",
        "uint16": "smallint unsigned",
        "uint32": "int unsigned",
        "uint64": "bigint unsigned",
        "float32": "float",
        "float64": "double",
        "decimal": "decimal({precision}, {scale})",
        "text": "longtext",
        "binary": "longblob",
        "date": "date",
        "time": "time(6)",
        "duration": "time(6)",
        "timestamp": "datetime(6)",
        "timestamp with zone": "timestamp(6)",
        "json": "json",
        "uuid": "char(36)",
    },
    in_key={"text": "varchar(512) COLLATE utf8mb4_bin", "binary": "varbinary(512)"},
    unsupported={
        "interval": "there is no column type for it",
        "list": "there is no column type for it; write it as JSON",
        "structure": "there is no column type for it; write it as JSON",
        "negative zero": "the server reads -0 as 0",
        "nanoseconds": "times have microseconds; finer ones are refused",
        "single floats in queries": "the server shows six digits of a FLOAT; name the table, or cast to DOUBLE",
        "durations of 839 hours and more": "TIME cannot hold them; the server refuses them",
        "moments outside 1970 to 2038": "TIMESTAMP cannot hold them; the server refuses them",
    },
    refused=("nan", "infinity"),
    load=load,
    read=read,
)
