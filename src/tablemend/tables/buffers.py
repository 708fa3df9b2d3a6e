"""NumPy arrays as Arrow arrays and back, over the same memory.

`pyarrow.array` and `to_numpy` would do, but import pandas wherever it is installed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def integers(
    values: npt.NDArray[np.int64] | npt.NDArray[np.int32], null: npt.NDArray[np.bool_] | None = None
) -> pa.Array:
    """Whole numbers, null where the mask says so."""
    kind = pa.int64() if values.itemsize == 8 else pa.int32()
    bitmap = None if null is None else _bits(~null)
    return pa.Array.from_buffers(kind, len(values), [bitmap, pa.py_buffer(np.ascontiguousarray(values))])


def booleans(values: npt.NDArray[np.bool_]) -> pa.Array:
    """Truth values."""
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, _bits(values)])


def numbers(array: pa.Array) -> npt.NDArray[np.int64]:
    """The values of an Arrow array of whole numbers, whatever stands in for its nulls."""
    kind = array.type.to_pandas_dtype()
    data = array.buffers()[1]
    if data is None:
        return np.zeros(0, dtype=np.int64)
    found = np.frombuffer(data, dtype=kind)[array.offset : array.offset + len(array)]
    return found.astype(np.int64, copy=False)


def truths(array: pa.Array) -> npt.NDArray[np.bool_]:
    """The values of an Arrow array of truth values without nulls."""
    data = array.buffers()[1]
    if data is None:
        return np.zeros(0, dtype=bool)
    bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8), bitorder="little")
    return bits[array.offset : array.offset + len(array)].view(bool)


def _bits(values: npt.NDArray[np.bool_]) -> pa.Buffer:
    return pa.py_buffer(np.packbits(values, bitorder="little"))
