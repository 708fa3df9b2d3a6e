"""Single values of Python as text and as JSON."""

from __future__ import annotations

import datetime
import math
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.types as pt

from tablemend.tables.json import Number, dumps


def speak(value: Any) -> str | None:
    """A value as the text of a cell."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    if isinstance(value, list | dict | tuple):
        return dumps(plain(value))
    return value.isoformat(" ") if isinstance(value, datetime.datetime) else str(value)


def plain(value: Any) -> Any:
    """A value as one that JSON has; numbers keep their digits, and what is no number becomes null."""
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, bool | None):
        return value
    if isinstance(value, int | Decimal):
        return Number(value)
    if isinstance(value, float):
        return Number(repr(value)) if math.isfinite(value) else None
    return speak(value)


def as_text(column: pa.ChunkedArray) -> pa.Array:
    """One array of the values as text."""
    kind = column.type
    if pt.is_string(kind) or pt.is_large_string(kind) or pt.is_integer(kind) or pt.is_boolean(kind):
        return as_one(column.cast(pa.string()))
    return pa.array([speak(value) for value in column.to_pylist()], pa.string())


def as_one(column: pa.ChunkedArray) -> pa.Array:
    """One array with the values of all chunks."""
    found = column.combine_chunks()
    return found if isinstance(found, pa.Array) else pa.concat_arrays(found.chunks)
