"""Families of Arrow types: what tables of types name, and what documentation lists."""

from __future__ import annotations

import pyarrow as pa
from pyarrow import types as kinds

FAMILIES = {
    "null": kinds.is_null,
    "boolean": kinds.is_boolean,
    "int8": kinds.is_int8,
    "int16": kinds.is_int16,
    "int32": kinds.is_int32,
    "int64": kinds.is_int64,
    "uint8": kinds.is_uint8,
    "uint16": kinds.is_uint16,
    "uint32": kinds.is_uint32,
    "uint64": kinds.is_uint64,
    "float32": kinds.is_float32,
    "float64": kinds.is_float64,
    "decimal": kinds.is_decimal,
    "text": lambda each: kinds.is_string(each) or kinds.is_large_string(each) or kinds.is_string_view(each),
    "binary": lambda each: (
        kinds.is_binary(each)
        or kinds.is_large_binary(each)
        or kinds.is_binary_view(each)
        or kinds.is_fixed_size_binary(each)
    ),
    "date": kinds.is_date,
    "time": kinds.is_time,
    "timestamp": lambda each: kinds.is_timestamp(each) and each.tz is None,
    "timestamp with zone": lambda each: kinds.is_timestamp(each) and each.tz is not None,
    "duration": kinds.is_duration,
    "interval": kinds.is_interval,
    "json": lambda each: isinstance(each, pa.JsonType),
    "uuid": lambda each: isinstance(each, pa.UuidType),
    "list": lambda each: kinds.is_list(each) or kinds.is_large_list(each),
    "structure": lambda each: kinds.is_struct(each) or kinds.is_map(each),
}
"""Family → whether an Arrow type is of it; nothing is of two."""


def family(kind: pa.DataType) -> str:
    """The family of an Arrow type; a dictionary's is that of its values; `other` where none knows it."""
    inner = kind.value_type if kinds.is_dictionary(kind) else kind
    return next((name for name, holds in FAMILIES.items() if holds(inner)), "other")
