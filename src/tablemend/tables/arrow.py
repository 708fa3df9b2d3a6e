"""Typed tables: Arrow, Parquet and frames, with types that every later step can hold."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as pt
from pyarrow import ipc

from tablemend.errors import UnreadableSource
from tablemend.records import Column
from tablemend.tables import parquet_size
from tablemend.tables.buffers import integers
from tablemend.tables.columns import ROW, named
from tablemend.tables.hashing import type_name
from tablemend.tables.limits import Limits
from tablemend.tables.values import speak


def numbered(headers: Sequence[str], arrays: Sequence[pa.ChunkedArray]) -> tuple[pa.Table, tuple[Column, ...]]:
    """A table with `_row` first and unique names, and its columns."""
    plain = [plainly(array) for array in arrays]
    columns = named(headers, [type_name(array.type) for array in plain])
    rows = len(plain[0]) if plain else 0
    numbers = integers(np.arange(1, rows + 1))
    return pa.table([numbers, *plain], names=[ROW, *(column.name for column in columns)]), columns


def plainly(array: pa.ChunkedArray) -> pa.ChunkedArray:
    """The same values in a type that Parquet and DuckDB both hold."""
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return plainly(pa.chunked_array([chunk.storage for chunk in array.chunks], kind.storage_type))
    if pt.is_dictionary(kind):
        return plainly(pa.chunked_array([_decoded(chunk) for chunk in array.chunks], _plain_type(kind.value_type)))
    if pt.is_duration(kind) or pt.is_interval(kind):
        return pa.chunked_array([pa.array([speak(value) for value in array.to_pylist()], pa.string())])
    plain = _plain_type(kind)
    return array if plain == kind else array.cast(plain)


def _decoded(array: pa.DictionaryArray) -> pa.Array:
    """The values that a dictionary stands for."""
    return array.dictionary.cast(_plain_type(array.dictionary.type)).take(array.indices)


def _plain_type(kind: pa.DataType) -> pa.DataType:
    return next((plain for is_kind, plain in _PLAIN if is_kind(kind)), kind)


_PLAIN: tuple[tuple[Callable[[pa.DataType], bool], pa.DataType], ...] = (
    (pt.is_string_view, pa.string()),
    (pt.is_large_string, pa.string()),
    (pt.is_null, pa.string()),
    (pt.is_binary_view, pa.binary()),
    (pt.is_large_binary, pa.binary()),
    (pt.is_fixed_size_binary, pa.binary()),
    (pt.is_float16, pa.float32()),
)


def table_of(frame: Any, name: str, limits: Limits) -> tuple[pa.Table, tuple[Column, ...]]:
    """The table behind `__arrow_c_stream__`; an index without a name is left out."""
    try:
        table = pa.table(frame)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise UnreadableSource(
            f"The frame {name} cannot be read: {error}.", hint="Give each column values of one type."
        ) from error
    unnamed = [each for each in table.column_names if each.startswith("__index_level_")]
    return _checked(table.drop_columns(unnamed), name, limits)


def read_parquet(path: Path, limits: Limits) -> tuple[pa.Table, tuple[Column, ...]]:
    """A Parquet file."""
    try:
        with pq.ParquetFile(path) as file:
            limits.rows(file.metadata.num_rows, path.name)
            parquet_size.check(str(path), limits, path.name)
            return _checked(file.read(), path.name, limits)
    except (pa.ArrowException, OSError) as error:
        raise _not_what_it_says(path, "a Parquet", error) from error


def read_arrow(path: Path, limits: Limits) -> tuple[pa.Table, tuple[Column, ...]]:
    """An Arrow file or stream, or a Feather file."""
    try:
        with pa.OSFile(str(path)) as file:
            head = file.read(6)
            file.seek(0)
            reader = ipc.open_file(file) if head == b"ARROW1" else ipc.open_stream(file)
            table = pa.Table.from_batches(_batches(reader, limits, path.name), reader.schema)
    except (pa.ArrowException, OSError) as error:
        raise _not_what_it_says(path, "an Arrow", error) from error
    return _checked(table, path.name, limits)


def _batches(reader: Any, limits: Limits, name: str) -> Iterator[pa.RecordBatch]:
    """The batches of a file or stream, counted as they unpack, what their dictionaries stand for included."""
    size = rows = 0
    count = getattr(reader, "num_record_batches", None)
    for batch in reader if count is None else map(reader.get_batch, range(count)):
        rows += batch.num_rows
        size += batch.nbytes + sum(map(_stood_for, batch.columns))
        limits.rows(rows, name)
        limits.bytes(size, f"{name}, unpacked,")
        yield batch


def _stood_for(column: pa.Array) -> int:
    """Bytes of the texts that a dictionary stands for."""
    if not pt.is_dictionary(column.type) or not (
        pt.is_string(column.type.value_type) or pt.is_binary(column.type.value_type)
    ):
        return 0
    lengths = pc.cast(pc.binary_length(column.dictionary), pa.int64())
    return pc.sum(pc.take(lengths, column.indices)).as_py() or 0


def _not_what_it_says(path: Path, kind: str, error: Exception) -> UnreadableSource:
    first = str(error).splitlines()[0].rstrip(".")
    return UnreadableSource(f"{path} is not {kind} file: {first}.", hint="Give it the suffix of what it is.")


def _checked(table: pa.Table, name: str, limits: Limits) -> tuple[pa.Table, tuple[Column, ...]]:
    if not table.num_columns:
        raise UnreadableSource(f"{name} has no columns.", hint="Give a table with at least one column.")
    limits.rows(table.num_rows, name)
    limits.columns(table.num_columns, name)
    return numbered(table.column_names, table.columns)


def uniform(values: Sequence[Any]) -> pa.Array:
    """Values of Python as one typed column where they agree in type, else as text.

    Whole numbers beside fractions become fractions as long as none of them loses a digit by it.
    """
    kinds = {type(value) for value in values} - {type(None)}
    if kinds == {int, float} and all(abs(each) <= 1 << 53 for each in values if type(each) is int):
        return pa.array(values, pa.float64(), from_pandas=False)
    if len(kinds) == 1 and kinds <= _TYPED.keys():
        try:
            return pa.array(values, _TYPED[kinds.pop()], from_pandas=False)
        except (pa.ArrowInvalid, OverflowError):
            return pa.array([speak(each) for each in values], pa.string())
    return pa.array([speak(each) for each in values], pa.string())


_TYPED: dict[type, pa.DataType] = {
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    str: pa.string(),
    bytes: pa.binary(),
    datetime.datetime: pa.timestamp("us"),
    datetime.date: pa.date32(),
    datetime.time: pa.time64("us"),
}
