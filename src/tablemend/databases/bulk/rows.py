"""Rows of a driver as Arrow: the types that the driver's description names, in batches of bounded size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from tablemend.errors import DataRefused

Convert = Callable[[Any], Any]


def stream(cursor: Any, schema: pa.Schema, converts: Sequence[Convert | None], rows: int) -> Iterator[pa.RecordBatch]:
    """Batches of at most `rows` rows; `converts` holds what a column's values pass through, or None."""
    while found := cursor.fetchmany(rows):
        columns = zip(*found, strict=True)
        arrays = [_array(*each) for each in zip(columns, schema, converts, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(values: Sequence[Any], field: pa.Field, convert: Convert | None) -> pa.Array:
    given = values if convert is None else [None if each is None else convert(each) for each in values]
    try:
        return pa.array(given, field.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, TypeError, ValueError) as error:
        raise DataRefused(
            f"Column {field.name!r} is declared as {field.type} and holds another value: {error}.",
            hint="Cast the column to text in a query of your own, and read that.",
        ) from error


def named(cursor: Any) -> list[str]:
    """Names of the columns of a result; DataRefused where the statement gives none."""
    if cursor.description is None:
        raise DataRefused("The statement gives no table.", hint="Write one SELECT statement.")
    return [each[0] for each in cursor.description]
