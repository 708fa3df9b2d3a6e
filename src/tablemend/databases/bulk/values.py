"""Arrow values as drivers take them: tuples of Python values, or text that SQL reads back without loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tablemend.databases.bulk.families import family
from tablemend.errors import DataRefused

_HEX = np.array([f"{byte:02x}".encode() for byte in range(256)], dtype="S2").view(np.uint8).reshape(256, 2)


def tuples(
    batch: pa.RecordBatch, spelled: Callable[[pa.Array], Sequence[Any]] = lambda array: array.to_pylist()
) -> Iterator[tuple[Any, ...]]:
    """Rows of a batch as tuples."""
    return zip(*(spelled(each) for each in batch.columns), strict=True)


def text(array: pa.Array) -> pa.Array:
    """Values as text that databases read back exactly; binary is left as it is."""
    spell = _SPELLED.get(family(array.type))
    return spell(array) if spell else array.cast(pa.string())


def each(spelled: Callable[[Any], str]) -> Callable[[pa.Array], pa.Array]:
    """Spells an array value by value; NULL stays NULL."""
    return lambda array: pa.array([None if one is None else spelled(one) for one in array.to_pylist()], pa.string())


def _moment(array: pa.Array) -> pa.Array:
    """Local time, or that of UTC with its offset where there is a zone."""
    found = array.cast(pa.timestamp("us")).cast(pa.string())
    return found if array.type.tz is None else pc.binary_join_element_wise(found, "+00:00", "")


def _clock(microseconds: int) -> str:
    """Hours, minutes and seconds, as PostgreSQL's intervals and MySQL's times are spelled."""
    seconds, rest = divmod(abs(microseconds), 1_000_000)
    sign = "-" if microseconds < 0 else ""
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:06}"


def _interval(value: Any) -> str:
    months, days, nanoseconds = value
    if nanoseconds % 1000:
        raise DataRefused(
            f"An interval of {nanoseconds} ns is finer than a microsecond.", hint="Round the column to microseconds."
        )
    return f"{months} months {days} days {_clock(nanoseconds // 1000)}"


def in_microseconds(array: pa.Array, kind: pa.DataType) -> pa.Array:
    """The array in microseconds; DataRefused where it holds finer times, which databases would cut off."""
    try:
        return array.cast(kind)
    except pa.ArrowInvalid as error:
        raise DataRefused(
            f"A time is finer than a microsecond: {error}.", hint="Round the column to microseconds first."
        ) from error


def hexadecimal(array: pa.Array, prefix: str, suffix: str = "") -> pa.Array:
    """Binary values as hexadecimal text between `prefix` and `suffix`."""
    array = pc.fill_null(array, b"") if array.null_count else array
    array = pa.concat_arrays([array])  # without an offset
    offsets = np.frombuffer(array.buffers()[1], np.int32)[: len(array) + 1].astype(np.int64) * 2
    content = np.frombuffer(array.buffers()[2] or b"", np.uint8)
    digits = pa.py_buffer(_HEX[content].tobytes())
    found = pa.Array.from_buffers(pa.large_string(), len(array), [None, pa.py_buffer(offsets.tobytes()), digits])
    return pc.binary_join_element_wise(prefix, found.cast(pa.string()), suffix, "")


def array_literal(value: Sequence[Any] | None, spelled: Callable[[Any], str]) -> str | None:
    """A list in the spelling of PostgreSQL's array literals."""
    return None if value is None else "{" + ",".join(_element(each, spelled) for each in value) + "}"


def _element(value: Any, spelled: Callable[[Any], str]) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return "{" + ",".join(_element(each, spelled) for each in value) + "}"
    escaped = spelled(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def word(value: Any) -> str:
    """One value of a list as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    return str(value)


_SPELLED: dict[str, Callable[[pa.Array], pa.Array]] = {
    "text": lambda array: array,
    "binary": lambda array: array,
    "json": lambda array: array.storage.cast(pa.string()),
    "uuid": each(str),
    "timestamp": _moment,
    "timestamp with zone": _moment,
    "date": lambda array: array.cast(pa.date32()).cast(pa.string()),
    "float32": lambda array: array.cast(pa.float64()).cast(pa.string()),  # its shortest text is another float64
    "decimal": each(lambda value: f"{value:f}"),
    "duration": lambda array: each(_clock)(array.cast(pa.int64())),
    "interval": each(_interval),
}
