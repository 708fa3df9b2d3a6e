"""What of Arrow data a database cannot hold: found before anything is sent, and named."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tablemend.databases.bulk import values
from tablemend.databases.bulk.dialect import Column, Dialect
from tablemend.databases.bulk.families import family
from tablemend.errors import ColumnMissing, DataRefused


def types(dialect: Dialect, schema: pa.Schema, columns: Sequence[Column]) -> None:
    """Raise DataRefused for a column whose type the database, or the column that it is written to, cannot hold."""
    for field, column in zip(schema, columns, strict=True):
        _type(dialect, field)
        if reason := dialect.loses(column, family(field.type)):
            raise DataRefused(
                f"Column {field.name!r} of type {field.type} would lose values: {reason}.",
                hint="Change the column of the table, or cast the data.",
            )


def new(dialect: Dialect, schema: pa.Schema) -> None:
    """Raise DataRefused for a column that no column of a new table can hold."""
    for field in schema:
        _type(dialect, field)


def _type(dialect: Dialect, field: pa.Field) -> None:
    kind = family(field.type)
    if kind not in dialect.types:
        reason = dialect.unsupported.get(kind, "its type is not known here")
        raise DataRefused(
            f"{dialect.name} cannot take column {field.name!r} of type {field.type}: {reason}.",
            hint=f"Cast it to one of: {', '.join(dialect.types)}.",
        )
    if kind == "list":
        _type(dialect, pa.field(field.name, field.type.value_type))


def plain(dialect: Dialect, batch: pa.RecordBatch, first: int) -> pa.RecordBatch:
    """The batch without dictionaries and views, each value checked; `first` is the number of rows before it."""
    arrays = [_plain(each) for each in batch.columns]
    for name, array in zip(batch.schema.names, arrays, strict=True):
        _check(dialect, name, array, first)
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def _plain(array: pa.Array) -> pa.Array:
    array = array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
    kind, found = array.type, family(array.type)
    if found in {"text", "binary"}:
        return array.cast(pa.string() if found == "text" else pa.binary())
    if found in {"timestamp", "timestamp with zone"}:
        return values.in_microseconds(array, pa.timestamp("us", "UTC" if kind.tz else None))
    if found in {"time", "duration"}:
        return values.in_microseconds(array, pa.time64("us") if found == "time" else pa.duration("us"))
    return array.cast(pa.list_(kind.value_type)) if found == "list" else array


def _check(dialect: Dialect, name: str, array: pa.Array, first: int) -> None:
    kind = family(array.type)
    if kind in {"text", "json"}:
        _text(dialect, name, array.storage if kind == "json" else array, first)
    elif kind in {"float32", "float64"}:
        for what, holds in (("nan", pc.is_nan), ("infinity", pc.is_inf)):
            if what in dialect.refused:
                _refuse(dialect, name, holds(array), first, what)


def _text(dialect: Dialect, name: str, array: pa.Array, first: int) -> None:
    try:
        array.validate(full=True)
    except pa.ArrowInvalid as error:
        raise DataRefused(
            f"Column {name!r} holds bytes that are no UTF-8 text, in the rows from {first} on: {error}.",
            hint="Lone surrogates and broken encodings cannot be stored; repair the text or write it as binary.",
        ) from error
    if "nul" in dialect.refused:
        _refuse(dialect, name, pc.match_substring(array, "\0"), first, "a NUL character")


def _refuse(dialect: Dialect, name: str, found: pa.Array, first: int, what: str) -> None:
    if pc.any(found).as_py():
        row = pc.index(found, True).as_py()
        raise DataRefused(
            f"{dialect.name} cannot hold {what} in column {name!r} (row {first + row} of the data, from 0).",
            hint="Replace the value, or write NULL.",
        )


def columns(names: Sequence[str], known: Sequence[str], table: str) -> None:
    """Raise DataRefused for a column that comes twice, or that the table does not have."""
    doubled = sorted({each for each in names if list(names).count(each) > 1})
    if doubled:
        raise DataRefused(f"The data has column {doubled[0]!r} more than once.", hint="Rename or drop one of them.")
    unknown = [each for each in names if each not in known]
    if unknown:
        raise ColumnMissing(
            f"{table} has no column {unknown[0]!r}; it has {', '.join(known)}.", hint="Rename or drop the column."
        )


def key_without_null(name: str, array: pa.Array) -> None:
    """Raise DataRefused where a key is NULL: it would meet no row."""
    if array.null_count:
        raise DataRefused(
            f"Key column {name!r} is NULL in {array.null_count:,} rows of the data.", hint="Leave these rows out."
        )
