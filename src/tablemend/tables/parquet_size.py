"""How large a Parquet file becomes when it is read, found out before it is.

Pages unpack, and one long value of a dictionary can stand for a million: a file of a few kilobytes can fill any memory.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as pt

from tablemend.tables.limits import Limits

_WIDTHS = {"BOOLEAN": 1, "INT32": 4, "INT64": 8, "INT96": 8, "FLOAT": 4, "DOUBLE": 8}
"""Bytes of a value in memory, by physical type; a truth is counted as one."""

_OFFSET = 4  # bytes that a text takes beside its characters
_CERTAIN = 1 << 28
"""Bytes that always fit, so that dictionaries of small files are not looked into."""


def check(path: str, limits: Limits, name: str) -> None:
    """Raise LimitExceeded where the values of a file would take more bytes than a source may have."""
    with pq.ParquetFile(path) as file:
        groups = [file.metadata.row_group(at) for at in range(file.metadata.num_row_groups)]
        chunks = [group.column(at) for group in groups for at in range(group.num_columns)]
        declared = sum(map(_declared, chunks))
    limits.bytes(declared, f"{name}, unpacked,")
    texts = sorted({each.path_in_schema for each in chunks if each.physical_type == "BYTE_ARRAY"})
    if texts and any(_may_be_long(each, limits) for each in chunks):
        _check_texts(path, limits, name, texts=texts, declared=declared)


def _check_texts(path: str, limits: Limits, name: str, *, texts: list[str], declared: int) -> None:
    """Count the values that dictionaries stand for, without writing them out."""
    with pq.ParquetFile(path, read_dictionary=texts) as file:
        groups = range(file.metadata.num_row_groups)
        if declared + sum(_most(file, group, texts) for group in groups) > limits.max_bytes:
            size = declared
            for group in groups:
                for more in _counted(file, group, texts):
                    size += more
                    limits.bytes(size, f"{name}, unpacked,")


def _declared(chunk: pq.ColumnChunkMetaData) -> int:
    width = _WIDTHS.get(chunk.physical_type, _OFFSET)
    return max(chunk.total_uncompressed_size, chunk.num_values * width)


def _may_be_long(chunk: pq.ColumnChunkMetaData, limits: Limits) -> bool:
    """Whether a dictionary could stand for too much, were its longest value as long as all of it."""
    most = chunk.num_values * chunk.total_uncompressed_size
    return (
        chunk.physical_type == "BYTE_ARRAY"
        and bool(chunk.has_dictionary_page)
        and most > min(_CERTAIN, limits.max_bytes)
    )


def _most(file: pq.ParquetFile, group: int, texts: list[str]) -> int:
    """Bytes of the texts of a group, were each as long as the longest of its dictionary."""
    first = next(file.iter_batches(batch_size=1, row_groups=[group], columns=texts), None)
    rows = file.metadata.row_group(group).num_rows
    return 0 if first is None else sum(_longest(column) for column in first.columns) * rows


def _longest(column: pa.Array) -> int:
    if not pt.is_dictionary(column.type) or not len(column.dictionary):
        return 0
    return pc.max(pc.binary_length(column.dictionary)).as_py() or 0


def _counted(file: pq.ParquetFile, group: int, texts: list[str]) -> Iterator[int]:
    for batch in file.iter_batches(batch_size=1 << 16, row_groups=[group], columns=texts):
        for column in batch.columns:
            if pt.is_dictionary(column.type) and len(column.dictionary):
                lengths = pc.cast(pc.binary_length(column.dictionary), pa.int64())
                yield pc.sum(pc.take(lengths, column.indices)).as_py() or 0
