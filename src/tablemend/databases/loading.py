"""Loading rows into a table in batches: each with its outcome, bad ones set aside, to be taken up where it ended."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import structs

from tablemend.batching import Attempt, Batch, Done, Report, run
from tablemend.databases import bulk, introspection, writes
from tablemend.databases.bulk.wire import Table, shown
from tablemend.databases.database import Database
from tablemend.databases.ledger import DatabaseLedger
from tablemend.databases.types import arrow_schema
from tablemend.errors import ConstraintBroken, DataRefused, SettingsError, Transient

Mode = Literal["insert", "upsert", "update"]


def load(
    database: Database,
    table: Table,
    data: Any,
    *,
    job: str,
    mode: Mode = "insert",
    key: Sequence[str] = (),
    source: str = "",
    ledger: DatabaseLedger | None = None,
    **options: Any,
) -> Report:
    """Load Arrow data into a table of a database, batch by batch, through the runner of `tablemend.batching`.

    Each batch is one transaction that also holds its outcomes: a job that is run again goes on where it ended. Rows
    that the table cannot take, or that no row has the key of in an update, are rejected with the reason and kept in
    the table tablemend_quarantine. Text is read as the type of its column; an empty text there is NULL. `key` is by
    default the primary key. Of the rows of an Arrow table with the same key, the last counts and the others are
    rejected; a reader must hand over each key once. `source` tells the input, so that a job is not taken up with
    another one; `options` are those of `batching.run`. Raises what that raises, MissingObject and DataRefused for a
    table or columns that do not fit, SettingsError.
    """
    if mode not in get_args(Mode):
        raise SettingsError(f"rows cannot be loaded by {mode!r}", hint=f"It is one of {', '.join(get_args(Mode))}.")
    schema, name = table
    found = introspection.describe(database, name, schema)
    if found.kind not in ("table", "foreign table"):
        raise DataRefused(f"{shown(table)} is a {found.kind}", hint="Load into a table.")
    if mode == "insert" and key:
        raise SettingsError("loading by insert takes no key", hint="Upsert and update match rows by one.")
    key = key or (found.primary_key if mode != "insert" else ())
    if mode != "insert" and not key:
        raise SettingsError(
            f"loading by {mode} needs a key, and {shown(table)} has no primary key", hint="Name the columns of a key."
        )
    fitting = arrow_schema(found)
    work = Loading(table, mode, tuple(key), fitting)
    work.require(_columns(data))
    if key and isinstance(data, pa.Table):
        work.superseded = superseded(data.select(list(key)), fitting)
    kept = ledger or DatabaseLedger(database, source=source, schema=schema)
    with writes.published(database) as written:
        if options.get("executor", "threads") != "threads":
            written.table(schema, name)  # which no connection of this process sees
        return run(data, work, job=job, ledger=kept, **options)


def _columns(data: Any) -> list[str]:
    schema = getattr(data, "schema", None)
    if not isinstance(schema, pa.Schema):
        raise DataRefused(
            f"rows to load must be Arrow data, not {type(data).__name__}",
            hint="Hand over a table or a reader of record batches.",
        )
    return list(schema.names)


class Loading:
    """Puts batches into a table; picklable, for work in processes."""

    def __init__(self, table: Table, mode: Mode, key: tuple[str, ...], schema: pa.Schema) -> None:
        self._table, self._mode, self._key, self._schema = table, mode, key, schema
        self.superseded = np.array([], np.int64)  # positions of rows whose key comes again, sorted

    def require(self, names: Sequence[str]) -> None:
        """Raise DataRefused for columns that the table does not have, or a key that the data does not have."""
        known = self._schema.names
        unknown = [each for each in names if each not in known]
        if unknown:
            raise DataRefused(
                f"{shown(self._table)} has no column {unknown[0]!r}; it has {', '.join(known)}.",
                hint="Rename or drop the column.",
            )
        lacking = [each for each in self._key if each not in names]
        if lacking:
            raise DataRefused(
                f"the data has no key column {lacking[0]!r}; it has {', '.join(names)}.", hint="Name another key."
            )

    def __call__(self, batch: Batch, attempt: Attempt) -> Done:
        """Write a batch in the transaction of the ledger."""
        first, last = np.searchsorted(self.superseded, (batch.first, batch.end))
        old = self.superseded[first:last] - batch.first
        if len(old):
            return self._without(batch, attempt, old)
        return self._write(batch.rows, attempt)

    def _without(self, batch: Batch, attempt: Attempt, old: Any) -> Done:
        """Write a batch but for the rows whose key comes again later."""
        kept = np.delete(np.arange(len(batch)), old)
        done = self._write(batch.rows.take(kept), attempt) if len(kept) else Done()
        rejected = {int(kept[place]): why for place, why in done.rejected.items()}
        rejected |= {int(place): "a later row has the same key" for place in old}
        return structs.replace(done, rejected=rejected)

    def _write(self, given: pa.Table, attempt: Attempt) -> Done:
        rows = fitted(given, self._schema)
        connection = attempt.transaction
        if self._mode == "insert":
            return Done(inserted=bulk.insert(connection, self._table, rows))
        change: Callable[..., Any] = bulk.upsert if self._mode == "upsert" else bulk.update
        found = self._changed(change, connection, rows, attempt)
        return Done(inserted=found.inserted, updated=found.updated, rejected=self._missing(rows, found.missing_keys))

    def _changed(self, change: Callable[..., Any], connection: Any, rows: pa.Table, attempt: Attempt) -> Any:
        try:
            return change(connection, self._table, self._key, rows)
        except ConstraintBroken as problem:
            if self._mode == "upsert" and len(attempt.batch) == 1 and attempt.number == 1:
                raise Transient(f"somebody may have added the same key meanwhile: {problem.message}") from problem
            raise

    def _missing(self, rows: pa.Table, keys: pa.Table) -> dict[int, str]:
        """Places of the rows whose key the table does not have; the keys are in the order of the rows."""
        if not keys.num_rows:
            return {}
        wanted = {tuple(each.values()) for each in keys.to_pylist()}
        own = rows.select(list(self._key)).to_pylist()
        return {place: "no row has this key" for place, each in enumerate(own) if tuple(each.values()) in wanted}


def superseded(keys: pa.Table, schema: pa.Schema) -> Any:
    """Positions of the rows whose key comes again in a later row, sorted; a key with a NULL in it never does."""
    with contextlib.suppress(DataRefused):  # a text that is no value of its type: compared as it is written
        keys = fitted(keys, schema)
    names = keys.column_names
    whole = pa.table([*keys.columns, pa.array(np.arange(keys.num_rows))], names=[*map(str, range(len(names))), "row"])
    known = whole.filter(functools.reduce(pc.and_, [pc.is_valid(column) for column in keys.columns]))
    last = known.group_by([str(place) for place in range(len(names))]).aggregate([("row", "max")])["row_max"]
    return np.setdiff1d(known["row"].to_numpy(), last.to_numpy(), assume_unique=True)


def fitted(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Text columns as the types of the table's columns, an empty text as NULL where the column holds no text.

    DataRefused for a text that is no value of its type.
    """
    arrays = []
    for field, column in zip(rows.schema, rows.columns, strict=True):
        kind = schema.field(field.name).type
        text = pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
        arrays.append(_read(field.name, column, kind) if text and not _is_text(kind) else column)
    return pa.Table.from_arrays(arrays, names=rows.schema.names)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind))


def _read(name: str, column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    given = pc.if_else(pc.equal(pc.utf8_trim_whitespace(column), ""), pa.scalar(None, column.type), column)
    try:
        return pc.utf8_trim_whitespace(given).cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as problem:
        raise DataRefused(
            f"Column {name!r} holds a text that is no {kind}: {problem}.", hint="Mend the text, or leave it empty."
        ) from problem
