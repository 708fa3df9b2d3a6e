"""Hashes of values, the same for the same values however Arrow cuts and stores them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from tablemend.tables.buffers import numbers, truths


def table_hash(names: Sequence[str], types: Sequence[str], hashes: Sequence[str]) -> str:
    """Hash of a table from the names, types and hashes of its columns."""
    parts = list(zip(names, types, hashes, strict=True))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def hash_table(table: pa.Table) -> str:
    """Hash of a table from its values."""
    types = [type_name(each) for each in table.schema.types]
    return table_hash(table.column_names, types, [column_hash(column) for column in table.columns])


def type_name(kind: pa.DataType) -> str:
    """Name of an Arrow type without regard to how wide its offsets are."""
    if _is_text(kind):
        return "text"
    if _is_binary(kind):
        return "binary"
    if pt.is_dictionary(kind):
        return type_name(kind.value_type)
    if pt.is_list(kind) or pt.is_large_list(kind):  # Parquet renames the field of the elements
        return f"list<{type_name(kind.value_type)}>"
    return str(kind)


def column_hash(array: pa.Array | pa.ChunkedArray) -> str:
    """Hash of the values and nulls of a column in their order."""
    chunks = array.chunks if isinstance(array, pa.ChunkedArray) else [array]
    streams = _Streams()
    for chunk in chunks:
        streams.add(chunk)
    return streams.digest()


class _Streams:
    """One running hash for each buffer of the logical layout: lengths or validity, then values, then children."""

    def __init__(self) -> None:
        self.shape = hashlib.sha256()
        self.values = hashlib.sha256()
        self.children: list[_Streams] = []

    def digest(self) -> str:
        """Hash of all streams together."""
        parts = [self.shape.hexdigest(), self.values.hexdigest(), *(child.digest() for child in self.children)]
        return hashlib.sha256("".join(parts).encode()).hexdigest()

    def add(self, array: pa.Array) -> None:
        """Add the values of one chunk."""
        kind = array.type
        if isinstance(array, pa.ExtensionArray):
            self.add(array.storage)
        elif pt.is_dictionary(kind):
            self.add(array.dictionary_decode())
        elif pt.is_null(kind):
            self.shape.update(bytes(len(array)))
        elif _is_text(kind) or _is_binary(kind):
            self._add_binary(array)
        elif pt.is_nested(kind):
            self._add_nested(array)
        else:
            self._add_fixed(array)

    def _add_binary(self, array: pa.Array) -> None:
        wide = array.nbytes >= 1 << 31
        texts = pa.large_string() if wide else pa.string()
        array = array.cast(texts if _is_text(array.type) else pa.large_binary() if wide else pa.binary())
        lengths = numbers(pc.binary_length(array))
        if array.null_count:
            lengths = np.where(truths(array.is_valid()), lengths, -1)
            array = array.drop_null()
        self.shape.update(np.ascontiguousarray(lengths, dtype=np.int64).data)
        width = np.int64 if wide else np.int32
        _, offsets, data = array.buffers()
        if len(array):
            bounds = np.frombuffer(offsets, dtype=width)
            low, high = int(bounds[array.offset]), int(bounds[array.offset + len(array)])
            if high > low:
                self.values.update(memoryview(data)[low:high])

    def _add_fixed(self, array: pa.Array) -> None:
        self.shape.update(truths(array.is_valid()).data)
        kept = array.drop_null() if array.null_count else array
        if pt.is_boolean(kept.type):
            self.values.update(truths(kept).data)
        elif len(kept):
            width = kept.type.bit_width // 8
            self.values.update(memoryview(kept.buffers()[1])[kept.offset * width : (kept.offset + len(kept)) * width])

    def _add_nested(self, array: pa.Array) -> None:
        self.shape.update(truths(array.is_valid()).data)
        kept = array.drop_null() if array.null_count else array
        parts = kept.flatten() if pt.is_struct(kept.type) else [_elements(kept)]
        if not pt.is_struct(kept.type):
            self.values.update(numbers(pc.list_value_length(_as_list(kept))).data)
        while len(self.children) < len(parts):
            self.children.append(_Streams())
        for child, part in zip(self.children, parts, strict=True):
            child.add(part)


def _elements(array: pa.Array) -> pa.Array:
    return _as_list(array).flatten()


def _as_list(array: pa.Array) -> pa.Array:
    if not pt.is_map(array.type):
        return array
    entries = pa.StructArray.from_arrays([array.keys, array.items], names=["key", "value"])
    return pa.ListArray.from_arrays(array.offsets, entries)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind))


def _is_binary(kind: pa.DataType) -> bool:
    return bool(pt.is_binary(kind) or pt.is_large_binary(kind) or pt.is_binary_view(kind))
