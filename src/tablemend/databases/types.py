"""Arrow types that hold each type of each database without loss; text where Arrow has none of the same range."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pyarrow as pa

from tablemend.databases.dialects.mysql import SPATIAL
from tablemend.errors import DatabaseError

if TYPE_CHECKING:
    from tablemend.databases.introspection import TableDescription

Made = Callable[[tuple[int, ...]], pa.DataType]
"""Makes a type from the numbers in parentheses."""

MICROSECONDS = 6
"""Digits of a second in Arrow's usual unit; finer ones are kept as text or in nanoseconds."""


def _decimal(numbers: tuple[int, ...]) -> pa.DataType:
    """decimal128(p, s), decimal256 beyond 38 digits; string without precision"""
    if not numbers or numbers[0] > 76:
        return pa.string()  # the scale differs from row to row, or no type of Arrow is so wide
    precision, scale = numbers[0], numbers[1] if len(numbers) > 1 else 0
    return (pa.decimal128 if precision <= 38 else pa.decimal256)(precision, scale)


def _decimal_of_18_3(numbers: tuple[int, ...]) -> pa.DataType:
    """decimal128(p, s); (18, 3) without precision"""
    return _decimal(numbers or (18, 3))


def _decimal_of_10_0(numbers: tuple[int, ...]) -> pa.DataType:
    """decimal128(p, s), decimal256 beyond 38 digits; (10, 0) without precision"""
    return _decimal(numbers or (10, 0))


def _decimal_of_18_0(numbers: tuple[int, ...]) -> pa.DataType:
    """decimal128(p, s); (18, 0) without precision"""
    return _decimal(numbers or (18, 0))


def _decimal_of_38_0(numbers: tuple[int, ...]) -> pa.DataType:
    """decimal128(p, s); (38, 0) without precision"""
    return _decimal(numbers or (38, 0))


def _mysql_float(numbers: tuple[int, ...]) -> pa.DataType:
    """float; double from float(25) on"""
    return pa.float64() if len(numbers) == 1 and numbers[0] > 24 else pa.float32()


def _mssql_float(numbers: tuple[int, ...]) -> pa.DataType:
    """double; float up to float(24)"""
    return pa.float32() if numbers and numbers[0] <= 24 else pa.float64()


def _mssql_moment(numbers: tuple[int, ...]) -> pa.DataType:
    """timestamp[us]; string with 7 digits of a second, the default"""
    return pa.timestamp("us") if numbers and numbers[0] <= MICROSECONDS else pa.string()


def _alike(entry: pa.DataType | Made, *names: str) -> dict[str, pa.DataType | Made]:
    return dict.fromkeys(names, entry)


_TEXT, _BINARY, _UTC = pa.string(), pa.binary(), pa.timestamp("us", "UTC")
_US, _NS = pa.timestamp("us"), pa.timestamp("ns")

TYPES: dict[str, dict[str, pa.DataType | Made]] = {
    "postgresql": {
        "smallint": pa.int16(),
        "integer": pa.int32(),
        "bigint": pa.int64(),
        "oid": pa.uint32(),
        "real": pa.float32(),
        "double precision": pa.float64(),
        "numeric": _decimal,
        "boolean": pa.bool_(),
        "bytea": _BINARY,
        "date": pa.date32(),
        "time without time zone": pa.time64("us"),
        "timestamp without time zone": _US,
        "timestamp with time zone": _UTC,
        **_alike(_TEXT, "text", "character varying", "character", "uuid", "json", "jsonb", "interval", "enum", "bit"),
        **_alike(_TEXT, "bit varying", "time with time zone", "money", "inet", "xml"),
    },
    "mysql": {
        "tinyint": pa.int8(),
        "smallint": pa.int16(),
        **_alike(pa.int32(), "mediumint", "int"),
        "bigint": pa.int64(),
        "tinyint unsigned": pa.uint8(),
        "smallint unsigned": pa.uint16(),
        **_alike(pa.uint32(), "mediumint unsigned", "int unsigned"),
        **_alike(pa.uint64(), "bigint unsigned", "bit"),
        **_alike(_decimal_of_10_0, "decimal", "decimal unsigned"),
        **_alike(_mysql_float, "float", "float unsigned"),
        **_alike(pa.float64(), "double", "double unsigned"),
        "year": pa.int16(),
        "date": pa.date32(),
        "time": pa.duration("us"),  # from -838 to 838 hours
        "datetime": _US,
        "timestamp": _UTC,
        **_alike(_TEXT, "char", "varchar", "tinytext", "text", "mediumtext", "longtext", "json", "enum", "set"),
        **_alike(_TEXT, "uuid", "inet4", "inet6"),
        **_alike(_BINARY, "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", *SPATIAL),
    },
    "duckdb": {
        "boolean": pa.bool_(),
        "tinyint": pa.int8(),
        "smallint": pa.int16(),
        "integer": pa.int32(),
        "bigint": pa.int64(),
        "utinyint": pa.uint8(),
        "usmallint": pa.uint16(),
        "uinteger": pa.uint32(),
        "ubigint": pa.uint64(),
        **_alike(pa.decimal256(39, 0), "hugeint", "uhugeint"),
        "float": pa.float32(),
        "double": pa.float64(),
        "decimal": _decimal_of_18_3,
        "date": pa.date32(),
        "time": pa.time64("us"),
        "time_ns": pa.time64("ns"),
        "timestamp": _US,
        "timestamp_s": pa.timestamp("s"),
        "timestamp_ms": pa.timestamp("ms"),
        "timestamp_ns": _NS,
        "timestamp with time zone": _UTC,
        "blob": _BINARY,
        **_alike(_TEXT, "varchar", "uuid", "json", "interval", "enum", "bit", "time with time zone", "union"),
        **_alike(_TEXT, "bignum"),
    },
    "mssql": {
        "bit": pa.bool_(),
        "tinyint": pa.uint8(),
        "smallint": pa.int16(),
        "int": pa.int32(),
        "bigint": pa.int64(),
        "real": pa.float32(),
        "float": _mssql_float,
        **_alike(_decimal_of_18_0, "decimal", "numeric"),
        "money": pa.decimal128(19, 4),
        "smallmoney": pa.decimal128(10, 4),
        "date": pa.date32(),
        "time": pa.time64("ns"),
        **_alike(_US, "datetime", "smalldatetime"),
        "datetime2": _mssql_moment,
        **_alike(_TEXT, "datetimeoffset", "char", "varchar", "nchar", "nvarchar", "text", "ntext", "xml"),
        **_alike(_TEXT, "uniqueidentifier"),
        **_alike(_BINARY, "binary", "varbinary", "image", "timestamp", "rowversion"),
    },
    "snowflake": {
        **_alike(_decimal_of_38_0, "number", "decimal", "numeric"),
        **_alike(pa.float64(), "float", "double", "real"),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "time": pa.time64("ns"),
        "timestamp_ntz": _NS,
        "timestamp_ltz": pa.timestamp("ns", "UTC"),
        **_alike(_TEXT, "timestamp_tz", "text", "varchar", "char", "variant", "object", "array", "geography"),
        "binary": _BINARY,
    },
}
"""Kind of database → type in its catalogue → Arrow type."""

OTHERS = {"postgresql": pa.string(), "mssql": pa.string(), "snowflake": pa.string()}
"""What every other type is read as, where the database gives any value as text; elsewhere it is an error."""

AFFINITIES = (
    (r"INT", pa.int64()),
    (r"CHAR|CLOB|TEXT", pa.string()),
    (r"BLOB", pa.binary()),
    (r"REAL|FLOA|DOUB", pa.float64()),
    (r"BOOL", pa.int64()),
    (r"DATE|TIME|JSON|UUID|^$", pa.string()),
    (r"", pa.float64()),
)
"""SQLite declares no types: a pattern in the declaration → Arrow type, by the rules of affinity (sqlite.org/datatype3)
in their order, but that dates and columns without a declaration, which hold text as a rule, are text."""

_DECLARED = re.compile(r"^([a-z_][\w ]*?)\s*(?:\(([-\d, ]*)\))?((?: [a-z ]+)?)$")


def arrow_schema(description: TableDescription) -> pa.Schema:
    """The Arrow schema that holds a table without loss; DatabaseError for a type that is not known."""
    return pa.schema(
        [
            pa.field(column.name, arrow_type(description.database, column.base), nullable=column.nullable)
            for column in description.columns
        ]
    )


def arrow_type(kind: str, declared: str) -> pa.DataType:
    """The Arrow type for a type as the catalogue of that kind of database spells it; DatabaseError if unknown."""
    if kind == "sqlite":
        return next(made for pattern, made in AFFINITIES if re.search(pattern, declared, re.I))
    text = declared.strip()
    nested = _nested(kind, text)
    return nested if nested is not None else _plain(kind, text.lower())


def _plain(kind: str, text: str) -> pa.DataType:
    if text.startswith(("enum", "set(", "union(")):
        return TYPES[kind].get(text.partition("(")[0], pa.string())
    found = _DECLARED.match(text.replace(" zerofill", ""))
    name = found[1] + found[3] if found else text
    entry = TYPES[kind].get(name, OTHERS.get(kind))
    if entry is None:
        raise DatabaseError(
            f"the type {text} of {kind} is not known", hint="Leave the column out, or cast it to text in a view."
        )
    numbers = tuple(int(each) for each in found[2].split(",")) if found and found[2] else ()
    return entry if isinstance(entry, pa.DataType) else entry(numbers)


def _nested(kind: str, text: str) -> pa.DataType | None:
    """Lists, structs and maps; None for anything else."""
    listed = re.fullmatch(r"(.*)\[(\d*)\]", text, re.S)
    if listed:
        element = arrow_type(kind, listed[1])
        return pa.list_(element, int(listed[2])) if listed[2] else pa.list_(element)
    if kind != "duckdb":
        return None
    if text.startswith("STRUCT("):
        return pa.struct([_field(part) for part in _parts(text[7:-1])])
    if text.startswith("MAP("):
        key, value = _parts(text[4:-1])
        return pa.map_(arrow_type(kind, key), arrow_type(kind, value))
    return None


def _field(part: str) -> pa.Field:
    found = re.fullmatch(r'\s*(?:"((?:[^"]|"")*)"|(\S+))\s+(.*)', part, re.S)
    if found is None:
        raise DatabaseError(
            f"the field {part} of a struct is not understood", hint="Cast the column to text in a view."
        )
    name = found[2] if found[1] is None else found[1].replace('""', '"')
    return pa.field(name, arrow_type("duckdb", found[3]))


def _parts(text: str) -> list[str]:
    """Parts between commas that stand in no parentheses and no quotes."""
    parts, depth, start = [], 0, 0
    for found in re.finditer(r'"(?:[^"]|"")*"|\'(?:[^\']|\'\')*\'|[(),]', text):
        mark = found[0]
        depth += (mark == "(") - (mark == ")")
        if mark == "," and not depth:
            parts.append(text[start : found.start()].strip())
            start = found.end()
    return [*parts, text[start:].strip()]
