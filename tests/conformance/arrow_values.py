"""Arrow tables of every type that a database can hold, and how they compare with what comes back."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import strategies as st

from tablemend.databases.bulk.dialect import Dialect
from tablemend.databases.bulk.families import family

EARLIEST, LATEST = dt.datetime(1000, 1, 1), dt.datetime(9999, 12, 31)  # noqa: DTZ001
MYSQL_ZONED = (dt.datetime(1970, 1, 2), dt.datetime(2038, 1, 1))  # noqa: DTZ001


def values(dialect: Dialect) -> dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]]:
    """Family → an Arrow type of it and values that the dialect can hold."""
    special = {"allow_nan": "nan" not in dialect.refused, "allow_infinity": "infinity" not in dialect.refused}
    text = st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0" if "nul" in dialect.refused else "")
    )
    zoned = MYSQL_ZONED if dialect.kind == "mysql" else (EARLIEST, LATEST)
    whole = {
        f"{sign}int{bits}": (
            getattr(pa, f"{sign}int{bits}")(),
            st.integers(*((0, 2**bits - 1) if sign else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1))),
        )
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    }
    positive = (lambda each: each + 0.0) if "negative zero" in dialect.unsupported else (lambda each: each)
    if dialect.kind == "sqlite":
        whole["uint64"] = (pa.uint64(), st.integers(0, 2**63 - 1))
    found = {
        **whole,
        "null": (pa.null(), st.none()),
        "boolean": (pa.bool_(), st.booleans()),
        "float32": (pa.float32(), st.floats(width=32, allow_subnormal=False, **special).map(positive)),
        "float64": (pa.float64(), st.floats(allow_subnormal=False, **special).map(positive)),
        "decimal": (pa.decimal128(30, 7), st.decimals(-(10**22), 10**22, places=7)),
        "text": (pa.string(), text),
        "binary": (pa.binary(), st.binary()),
        "date": (pa.date32(), st.dates(EARLIEST.date(), LATEST.date())),
        "time": (pa.time64("us"), st.times()),
        "timestamp": (pa.timestamp("us"), st.datetimes(EARLIEST, LATEST)),
        "timestamp with zone": (pa.timestamp("us", "UTC"), st.datetimes(*zoned, timezones=st.just(dt.UTC))),
        "duration": (pa.duration("us"), st.timedeltas(dt.timedelta(hours=-838), dt.timedelta(hours=838))),
        "json": (pa.json_(), st.sampled_from(['{"a": [1, null, "ä\\"\\\\"]}', "[]", "1", '"x"', "{}"])),
        "uuid": (pa.uuid(), st.uuids().map(lambda each: each.bytes)),
        "list": (pa.list_(pa.string()), st.lists(st.none() | text)),
    }
    return {name: each for name, each in found.items() if name in dialect.types}


def tables(dialect: Dialect, *, least: int = 0) -> st.SearchStrategy[pa.Table]:
    """Tables with a column of each type and one that numbers the rows."""
    known = values(dialect)
    row = st.tuples(*(st.none() | each for _, each in known.values()))
    return st.lists(row, min_size=least, max_size=12).map(lambda rows: _table(known, rows))


def _table(known: dict[str, tuple[pa.DataType, Any]], rows: list[tuple[Any, ...]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(known)
    arrays = [_array(column, kind) for column, (kind, _) in zip(columns, known.values(), strict=True)]
    return pa.table([pa.array(range(len(rows)), pa.int64()), *arrays], names=["row", *known])


def _array(column: tuple[Any, ...], kind: pa.DataType) -> pa.Array:
    if isinstance(kind, pa.UuidType | pa.JsonType):
        return pa.ExtensionArray.from_storage(kind, pa.array(column, kind.storage_type))
    return pa.array(column, kind)


def plain(array: pa.ChunkedArray | pa.Array, kind: pa.DataType) -> list[Any]:
    """Values as Python has them, in the form of the type that was written."""
    name = family(kind)
    return [None if each is None else _FORMS.get(name, _same)(each) for each in array.to_pylist()]


def _same(value: Any) -> Any:
    return repr(value) if isinstance(value, float) else value


def _moment(value: Any) -> dt.datetime:
    found = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.replace(tzinfo=None)


def _clock(value: Any) -> dt.time:
    if isinstance(value, dt.timedelta):
        return (dt.datetime(2000, 1, 1) + value).time()  # noqa: DTZ001
    return dt.time.fromisoformat(value) if isinstance(value, str) else value


def _elapsed(value: Any) -> dt.timedelta:
    if isinstance(value, dt.timedelta):
        return value
    if isinstance(value, str):
        hours, minutes, seconds = value.lstrip("-").split(":")
        found = dt.timedelta(hours=int(hours), minutes=int(minutes), microseconds=int(Decimal(seconds) * 10**6))
        return -found if value.startswith("-") else found
    months, days, nanoseconds = value
    return dt.timedelta(days=days + 30 * months, microseconds=nanoseconds // 1000)


_FORMS: dict[str, Any] = {
    "boolean": bool,
    "decimal": Decimal,
    "uint64": int,
    "date": lambda each: dt.date.fromisoformat(each) if isinstance(each, str) else each,
    "time": _clock,
    "timestamp": _moment,
    "timestamp with zone": _moment,
    "duration": _elapsed,
    "uuid": lambda each: uuid.UUID(each) if isinstance(each, str) else each,
}


def same(back: pa.Table, given: pa.Table) -> bool:
    """Whether every value came back."""
    assert back.column_names == given.column_names
    order = pc.sort_indices(back, [("row", "ascending")])
    back = back.take(order)
    for field in given.schema:
        came, went = plain(back[field.name], field.type), plain(given[field.name], field.type)
        assert came == went, (field.name, came, went)
    return True
