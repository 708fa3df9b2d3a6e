"""Changing rows by key: staged, matched against what is there, and changed by one statement."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from tablemend.databases.bulk import checks, statements
from tablemend.databases.bulk.batches import Batches, Data
from tablemend.databases.bulk.dialect import Column, Dialect
from tablemend.databases.bulk.insert import numbering
from tablemend.databases.bulk.outcome import Outcome
from tablemend.databases.bulk.statements import Shape, Statements
from tablemend.databases.bulk.wire import Table, Wire, noted, shown, writing
from tablemend.databases.database import Database
from tablemend.errors import CountMismatch, DataRefused

Where = Database | sa.Connection


def update(where: Where, table: Table, key: Sequence[str], data: Data, *, expected: pa.Table | None = None) -> Outcome:
    """Give the rows with these keys the values of the other columns of the data.

    `expected` holds, row for row with the data, values that must still be there: a row in which one is not, by bytes
    and with NULL the same as NULL, is left alone and returned as a conflict; a key that the table does not have is
    returned as missing. All others are changed, or none: with a Database in a transaction of its own, with a
    connection in the one that is open. Raises DataRefused for data that cannot be staged or has a key twice,
    CountMismatch where the database's counts do not add up, and the other kinds of DatabaseError.
    """
    return _changed(where, table, key, data, expected, statements.update)


def upsert(where: Where, table: Table, key: Sequence[str], data: Data) -> Outcome:
    """Give the rows with these keys the values of the data, and add the rows whose key is not there; see `update`."""
    return _changed(where, table, key, data, None, statements.upsert)


def delete(where: Where, table: Table, key: Sequence[str], data: Data, *, expected: pa.Table | None = None) -> Outcome:
    """Remove the rows with these keys, whatever else the data holds; see `update` for `expected`."""
    names = data.schema.names
    kept = [each for each in key if each in names]
    keys = data.select(kept) if isinstance(data, pa.Table) else _only(data, kept)
    return _changed(where, table, key, keys, expected, statements.delete)


def _only(reader: pa.RecordBatchReader, names: list[str]) -> pa.RecordBatchReader:
    schema = pa.schema([reader.schema.field(each) for each in names])
    return pa.RecordBatchReader.from_batches(schema, (each.select(names) for each in reader))


def _changed(
    where: Where,
    table: Table,
    key: Sequence[str],
    data: Data,
    expected: pa.Table | None,
    verb: Callable[[Dialect, Shape], Statements],
) -> Outcome:
    with writing(where, table) as wire:
        known = {each.name: each for each in wire.columns(table)}
        shape = _shape(wire, table, known, key, data.schema.names, expected)
        if verb is not statements.delete and not shape.new:
            raise DataRefused(
                f"The data has no column to change beside the key {', '.join(key)}.", hint="Add one, or use insert."
            )
        staging = Staging(wire.dialect, shape, data, expected)
        sql = verb(wire.dialect, shape)
        with _dropped(wire, sql):
            return _run(wire, sql, shape, staging)


def _shape(
    wire: Wire,
    table: Table,
    known: dict[str, Column],
    key: Sequence[str],
    names: Sequence[str],
    expected: pa.Table | None,
) -> Shape:
    old = expected.schema.names if expected is not None else []
    for asked in (names, old, key):
        checks.columns(asked, list(known), shown(table))
    lacking = [each for each in key if each not in names]
    if lacking or not key:
        raise DataRefused(
            f"The data has no key column {lacking[0]!r}; it has {', '.join(names)}." if key else "No key is named.",
            hint="Name the columns that tell rows apart, and hand them over with the data.",
        )
    return Shape(
        target=wire.dialect.qualified(*table),
        stage=f"tablemend_{secrets.token_hex(6)}",
        key=tuple(known[each] for each in key),
        new=tuple(known[each] for each in names if each not in key and not known[each].generated),
        old=tuple(known[each] for each in old if each not in key),
    )


class Staging:
    """The batches of a staging table; their keys are kept to name the rows that were not changed."""

    def __init__(self, dialect: Dialect, shape: Shape, data: Data, expected: pa.Table | None) -> None:
        self.names = ["pos", *(name for name, _ in shape.staged)]
        self._keys: list[pa.RecordBatch] = []
        self._width = len(shape.key)
        joined = data if expected is None else _beside(data, expected)
        own = [data.schema.names.index(each.name) for each in (*shape.key, *shape.new)]
        others = [
            len(data.schema) + (expected.schema.names if expected is not None else []).index(each.name)
            for each in shape.old
        ]
        self._batches = Batches(dialect, joined, own + others, [column for _, column in shape.staged])

    @property
    def rows(self) -> int:
        """Rows staged so far."""
        return self._batches.rows

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._batches:
            for name, array in zip(batch.schema.names[: self._width], batch.columns, strict=False):
                checks.key_without_null(name, array)
            self._keys.append(batch.select(range(self._width)))
            positions = pa.array(np.arange(self.rows - batch.num_rows, self.rows, dtype=np.int64))
            yield pa.RecordBatch.from_arrays([positions, *batch.columns], names=self.names)

    def keys(self, positions: Sequence[int]) -> pa.Table:
        """Keys of the rows at these positions of the data."""
        schema = pa.schema(list(self._batches.schema)[: self._width])
        kept = pa.Table.from_batches(self._keys) if self._keys else schema.empty_table()
        return kept.take(pa.array(positions, pa.int64()))


def _beside(data: Data, expected: pa.Table) -> pa.Table:
    """The data with the expected values beside it; their columns may have the same names."""
    if not isinstance(data, pa.Table):
        raise DataRefused("Old values need the data as one Arrow table, row for row.", hint="Read the reader first.")
    if data.num_rows != expected.num_rows:
        raise DataRefused(
            f"{data.num_rows:,} rows come with {expected.num_rows:,} rows of old values.",
            hint="Each row of `expected` belongs to the row of the data in the same place.",
        )
    return pa.Table.from_arrays([*data.columns, *expected.columns], names=[*data.schema.names, *expected.schema.names])


@contextmanager
def _dropped(wire: Wire, sql: Statements) -> Iterator[None]:
    """Drop the temporary tables after the block; after a failure only where a rollback does not."""
    try:
        yield
    except BaseException as error:
        if wire.dialect.outlives:
            with noted(error, "dropping the staging table"):
                _all(wire, sql.drop)
        raise
    _all(wire, sql.drop)


def _all(wire: Wire, texts: Sequence[str]) -> None:
    for text in texts:
        wire.run(text)


def _run(wire: Wire, sql: Statements, shape: Shape, staging: Staging) -> Outcome:
    _stage(wire, sql, shape, staging)
    _all(wire, sql.before)
    if sql.match:
        wire.run(sql.match)
    done = wire.run(sql.statement)
    if sql.rest and not sql.add and done < staging.rows:
        wire.run(sql.rest)
    ((matches, different, holding),) = wire.rows(sql.counts)
    _single(int(matches), int(different), int(holding), done)
    if sql.differing and (differing := wire.count(sql.differing)):
        raise CountMismatch(
            f"{differing:,} of {done:,} changed rows hold something else than what was written.",
            hint="Nothing is kept; a trigger of the table, or the type of a column, changes what is written.",
        )
    conflicts = [int(position) for (position,) in wire.rows(sql.conflicts)]
    inserted = 0
    if sql.add:
        with numbering(wire, shape.target, [*shape.key, *shape.new]):
            inserted = wire.run(sql.add)
    missing = [] if sql.add else [int(position) for (position,) in wire.rows(sql.missing)]
    return Outcome(
        total=staging.rows,
        inserted=inserted,
        updated=done if shape.new else 0,
        deleted=0 if shape.new else done,
        conflicts=len(conflicts),
        missing=len(missing),
        conflict_keys=staging.keys(conflicts),
        missing_keys=staging.keys(missing),
    )


def _stage(wire: Wire, sql: Statements, shape: Shape, staging: Staging) -> None:
    _all(wire, sql.stage)
    loaded = wire.dialect.load(wire, wire.dialect.temporary.format(name=shape.stage), staging.names, staging)
    if loaded != staging.rows:
        raise CountMismatch(
            f"{staging.rows:,} rows were staged, but the database counted {loaded:,}.", hint="Nothing is kept."
        )
    _all(wire, sql.filled)
    if doubled := wire.rows(sql.doubled):
        some = ", ".join(str(tuple(each[:-1]) if len(each) > 2 else each[0]) for each in doubled[:5])
        raise DataRefused(
            f"The data has {len(doubled):,} keys more than once, such as {some}.",
            hint="Keep one row for each key.",
        )


def _single(matches: int, different: int, holding: int, done: int) -> None:
    """Raise where a key met several rows, or where the statement did not touch exactly what was matched."""
    if matches != different:
        raise DataRefused(
            f"The key is not unique in the table: {different:,} keys met {matches:,} rows.",
            hint="Name the columns of the primary key or of a unique constraint.",
        )
    if done != holding:
        raise CountMismatch(
            f"{holding:,} rows were to be changed, but the database counted {done:,}.",
            hint="Nothing is kept; a trigger or a rule of the table may drop or add rows.",
        )
