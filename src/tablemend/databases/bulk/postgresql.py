"""PostgreSQL: COPY in, ADBC out, and one statement that changes rows and says which."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from tablemend.databases.bulk import statements, values
from tablemend.databases.bulk.dialect import Dialect
from tablemend.databases.bulk.families import family
from tablemend.errors import DataRefused

if TYPE_CHECKING:
    from tablemend.databases.bulk.wire import Wire

_CSV = csv.WriteOptions(include_header=False, quoting_style="needed")
_END = "(?m)^\\\\\\.$"
"""A line `\\.` ends the data of COPY before PostgreSQL 18, even inside quotes."""
_PLAIN = {"int8", "int16", "int32", "int64", "float32", "float64", "boolean", "date", "text", "decimal"}
"""Families that Arrow's CSV writer spells as PostgreSQL reads them."""


def load(wire: Wire, table: str, columns: Sequence[str], batches: Iterable[pa.RecordBatch]) -> int:
    """Copy batches into a table in the open transaction; the rows that the server counted."""
    copied = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT csv)"
    inserted = statements.insert(wire.dialect, table, columns)
    rows = 0
    with closing(wire.driver.cursor()) as cursor:
        for batch in batches:
            if _ends_early(batch):
                cursor.executemany(inserted, list(values.tuples(_as_text(batch))))
            else:
                with cursor.copy(copied) as copy:
                    copy.write(_rendered(batch))
            rows += cursor.rowcount
    return rows


def _rendered(batch: pa.RecordBatch) -> memoryview:
    arrays = [_spelled(each, plain=_PLAIN) for each in batch.columns]
    sink = io.BytesIO()
    csv.write_csv(pa.RecordBatch.from_arrays(arrays, names=batch.schema.names), sink, _CSV)
    return sink.getbuffer()


def _as_text(batch: pa.RecordBatch) -> pa.RecordBatch:
    arrays = [_spelled(each, plain={"text"}) for each in batch.columns]
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def _spelled(array: pa.Array, plain: set[str]) -> pa.Array:
    kind = family(array.type)
    if kind == "float32":
        return array.cast(pa.float64()) if kind in plain else values.text(array)
    if kind in plain and not (kind == "decimal" and array.type.scale < 0):
        return array
    if kind == "binary":
        found = values.hexadecimal(array, "\\x")
        return pc.if_else(pc.is_valid(array), found, pa.scalar(None, pa.string())) if array.null_count else found
    if kind == "list":
        return pa.array([values.array_literal(each, values.word) for each in array.to_pylist()], pa.string())
    return values.text(array)


def _ends_early(batch: pa.RecordBatch) -> bool:
    texts = [each for each in batch.columns if family(each.type) == "text"]
    return any(pc.any(pc.match_substring_regex(each, _END)).as_py() for each in texts if _has_backslash(each))


def _has_backslash(array: pa.Array) -> bool:
    return bool(pc.any(pc.match_substring(array, "\\.")).as_py())


def read(database: Any, sql: str, given: Sequence[Any], rows: int) -> Iterator[Any]:
    """The schema of a query, then its batches, over ADBC."""
    sql = _spelled_out(database, sql, given)
    with database.adbc() as connection, closing(connection.cursor()) as cursor:
        cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(rows * 128)})
        cursor.execute(sql)
        reader = cursor.fetch_record_batch()
        if any(_shown_as_text(each) for each in reader.schema):
            reader.close()
            cursor.execute(_with_text(sql, reader.schema))
            reader = cursor.fetch_record_batch()
        schema = pa.schema([pa.field(each.name, _type(each)) for each in reader.schema])
        yield schema
        for batch in reader:
            arrays = [_restored(*each) for each in zip(batch.columns, schema, strict=True)]
            found = pa.RecordBatch.from_arrays(arrays, schema=schema)
            yield from (found.slice(start, rows) for start in range(0, found.num_rows, rows))


def _spelled_out(database: Any, sql: str, given: Sequence[Any]) -> str:
    """The query with its parameters as literals: ADBC keeps the whole result of one with parameters in memory."""
    if not given:
        return sql
    from psycopg import ClientCursor

    with database.connect(read_only=True) as connection, closing(ClientCursor(database.raw(connection))) as cursor:
        return str(cursor.mogrify(sql, tuple(given)))


_TEXT = {"money", "oid", "xid", "cid", "uuid", "interval"}
"""Types whose text says more than, or as much as, what the driver makes of them."""


def _shown_as_text(field: pa.Field) -> bool:
    """Whether the driver hands over the server's own bytes, or a number that lost its meaning or its arrays' shape."""
    opaque = isinstance(field.type, pa.OpaqueType) and field.type.type_name != "numeric"
    return opaque or _server_type(field) in _TEXT or _server_type(field).startswith("_")


def _server_type(field: pa.Field) -> str:
    return (field.metadata or {}).get(b"POSTGRESQL:type", b"").decode()


def _with_text(sql: str, schema: pa.Schema) -> str:
    """The query with what the driver cannot carry as text, and with arrays refused whose shape it would lose."""
    return f"SELECT {', '.join(_column(each) for each in schema)} FROM ({sql.rstrip().rstrip(';')}) AS q"


def _column(field: pa.Field) -> str:
    name = DIALECT.quoted(field.name)
    if pa.types.is_list(field.type):
        deep = (
            f"('column ' || {_literal(field.name)} || ' holds an array of ' || array_ndims(q.{name}) || ' dimensions')"
        )
        return (
            f"CASE WHEN array_ndims(q.{name}) > 1 THEN ({deep}::int)::text::{_array(field)} ELSE q.{name} END AS {name}"
        )
    return f"q.{name}::text AS {name}" if _shown_as_text(field) else f"q.{name}"


def _array(field: pa.Field) -> str:
    return f"{_server_type(field)[1:]}[]"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _type(field: pa.Field) -> pa.DataType:
    return _numeric(field) or field.type if _is_numeric(field.type) else _inner(field.type)


def _inner(kind: pa.DataType) -> pa.DataType:
    """The type with texts for JSON, and for numbers of any precision inside lists."""
    if isinstance(kind, pa.JsonType):
        return pa.string()
    if pa.types.is_list(kind) and _is_numeric(kind.value_type):
        return pa.list_(pa.string())
    return kind


def _is_numeric(kind: pa.DataType) -> bool:
    return isinstance(kind, pa.OpaqueType) and kind.type_name == "numeric"


def _numeric(field: pa.Field) -> pa.DataType:
    """A decimal where the column declares its precision, else text: no decimal type holds every number."""
    modifier = int((field.metadata or {}).get(b"POSTGRESQL:typmod", b"-1")) - 4  # as pg_attribute.atttypmod
    precision, scale = modifier >> 16 & 0xFFFF, modifier & 0x7FF
    scale -= 2048 if scale >= 1024 else 0
    if modifier < 0 or precision > 76 or scale < 0 or scale > precision:
        return pa.string()
    return pa.decimal128(precision, scale) if precision <= 38 else pa.decimal256(precision, scale)


def _restored(array: pa.Array, field: pa.Field) -> pa.Array:
    if pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
        _finite(array, field.name)
    if _is_numeric(array.type):
        return _decimals(array.storage, field)
    if isinstance(array.type, pa.JsonType):
        return array.storage.cast(pa.string())
    if pa.types.is_list(array.type) and array.type != field.type:
        return pa.ListArray.from_arrays(array.offsets, array.values.storage, mask=array.is_null())
    return array


def _decimals(array: pa.Array, field: pa.Field) -> pa.Array:
    try:
        return array.cast(field.type)
    except pa.ArrowInvalid as error:
        raise DataRefused(
            f"Column {field.name!r} of type {field.type} holds a number that Arrow has no decimal for: {error}.",
            hint="Cast the column to text in a query of your own, and read that.",
        ) from error


def _finite(array: pa.Array, name: str) -> None:
    """Raise DataRefused for infinities and moments after Arrow's last one: shifted by the driver, they wrap around."""
    number, earliest = _EARLIEST[pa.types.is_date(array.type)]
    if pc.any(pc.less(array.view(number), pa.scalar(earliest, number))).as_py():
        raise DataRefused(
            f"Column {name!r} holds infinity, or a moment that no Arrow date or time can say.",
            hint="Cast the column to text in a query of your own, and read that.",
        )


_EARLIEST = {True: (pa.int32(), -2_440_588), False: (pa.int64(), -2_440_588 * 86_400 * 10**6)}
"""What the first day of PostgreSQL, 4713 BC, is in days and in microseconds from 1970."""
_MATCHES = "WITH done AS ({verb} RETURNING s.pos) INSERT INTO {{matched}} SELECT pos, 1 FROM done"

DIALECT = Dialect(
    kind="postgresql",
    name="PostgreSQL",
    quotes=('"', '"'),
    placeholder="%s",
    parameters="format",
    catalogue=(
        "SELECT a.attname, format_type(coalesce(nullif(t.typbasetype, 0), a.atttypid), NULL), a.attgenerated <> '',"
        " a.attidentity <> '' FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attnum > 0 AND NOT"
        " a.attisdropped AND a.attrelid ="
        " to_regclass(coalesce(quote_ident(%s::text) || '.', '') || quote_ident(%s::text)) ORDER BY a.attnum"
    ),
    stage=(
        "CREATE TEMP TABLE {stage} ON COMMIT DROP AS"
        " SELECT CAST(0 AS bigint) AS pos, {columns} FROM {target} AS t WHERE false",
    ),
    matched=("CREATE TEMP TABLE {matched} (pos bigint, ok int) ON COMMIT DROP",),
    filled=("ANALYZE {stage} (pos, {staged_keys})",),  # what it is joined by; other columns only take time
    before=("SET LOCAL random_page_cost = 1.1",),  # else the whole table is read to find a few percent of its keys
    match="",
    change=_MATCHES.format(verb="UPDATE {target} AS t SET {set} FROM {stage} AS s WHERE {join} AND {old}"),
    remove=_MATCHES.format(verb="DELETE FROM {target} AS t USING {stage} AS s WHERE {join} AND {old}"),
    add=(
        "INSERT INTO {target} ({written}) OVERRIDING SYSTEM VALUE SELECT {values} FROM {stage} AS s"
        " WHERE NOT EXISTS (SELECT 1 FROM {matched} AS m WHERE m.pos = s.pos)"
    ),
    rest=(
        "INSERT INTO {matched} SELECT s.pos, CASE WHEN {old} THEN 1 ELSE 0 END"  # unchanged though the old values hold:
        " FROM {stage} AS s JOIN {target} AS t ON {join}"  # a trigger has dropped the change, and the counts will tell
        " WHERE NOT EXISTS (SELECT 1 FROM {matched} AS m WHERE m.pos = s.pos)"
    ),
    equal_text='{a} = {b} AND {a}::text COLLATE "C" = {b}::text',
    same="{a} IS NOT DISTINCT FROM {b}",
    same_text='{a}::text COLLATE "C" IS NOT DISTINCT FROM {b}::text',
    text=("text", "character", "citext", "name"),
    read_as={"character": "CAST({} AS text)"},  # the padding is none of the value
    zoned=("timestamp with time zone",),
    local=("timestamp without time zone",),
    compared=dict.fromkeys(("json", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle"), "{}::text"),
    types={
        "null": "text",
        "boolean": "boolean",
        "int8": "smallint",
        "int16": "smallint",
        "int32": "integer",
        "int64": "bigint",
        "uint8": "smallint",
        "uint16": "integer",
        "uint32": "bigint",
        "uint64": "numeric(20, 0)",
        "float32": "real",
        "float64": "double precision",
        "decimal": "numeric({precision}, {scale})",
        "text": "text",
        "binary": "bytea",
        "date": "date",
        "time": "time",
        "timestamp": "timestamp",
        "timestamp with zone": "timestamptz",
        "duration": "interval",
        "interval": "interval",
        "json": "json",
        "uuid": "uuid",
        "list": "{item}[]",
    },
    unsupported={
        "structure": "there is no column type for it; write it as JSON",
        "arrays of arrays on read": "the driver hands them over flat; they are refused",
        "nanoseconds": "times have microseconds; finer ones are refused",
        "infinite dates": "Arrow has none; they are refused on read",
    },
    refused=("nul",),
    load=load,
    read=read,
)
