"""The cells of a change set as an Arrow table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from tablemend.engine.duckdb import Session
from tablemend.repair.compose import Step

CHANGES = pa.schema(
    [
        ("row", pa.int64()),
        ("column", pa.dictionary(pa.int32(), pa.string())),
        ("before", pa.string()),
        ("after", pa.string()),
        ("repair", pa.dictionary(pa.int32(), pa.string())),
    ]
)
"""Row, column, the values as text, and the repair that gave the cell its value."""


def change_table(
    parent: pa.Table, column: str, where: pa.Array, after: pa.ChunkedArray, by: pa.Array, steps: Sequence[Step]
) -> pa.Table:
    """The changes of one column: positions in the parent, values after, positions of the steps.

    Values before and after are spelled alike, so that an undo recognises what an apply has written.
    """
    before = parent[column].take(where)
    ids = pa.array([step.id for step in steps], pa.string())
    arrays = [
        parent["_row"].take(where),
        constant(column, len(where)),
        _spelled(before),
        _spelled(after),
        pa.DictionaryArray.from_arrays(by.cast(pa.int32()), ids),
    ]
    return pa.table(arrays, schema=CHANGES)


def _spelled(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return values if pa.types.is_string(values.type) else as_text(values)


def constant(text: str, length: int) -> pa.DictionaryArray:
    """One text repeated."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(length, np.int32)), pa.array([text], pa.string()))


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Values of any type as the text that the engine writes for them."""
    with Session() as session:
        session.register("_typed", pa.table({"v": column}))
        return session.arrow("SELECT CAST(v AS VARCHAR) AS v FROM _typed")["v"].cast(pa.string())


def from_text(column: pa.ChunkedArray, target: pa.DataType) -> pa.ChunkedArray:
    """Read text back as values of a type; `ArrowInvalid` where it does not read so."""
    if pa.types.is_integer(target):
        return column.cast(pa.decimal128(38, 0)).cast(target)
    return column.cast(target)
