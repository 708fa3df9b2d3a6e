"""The door through which every change of a dataset goes: files first, then one transaction that makes them count."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import pyarrow as pa

from tablemend.engine.duckdb import Session
from tablemend.errors import StateError
from tablemend.records import ChangeSet, Column, Record, Score, Snapshot, now
from tablemend.repair.execution import Result
from tablemend.store.state import Store
from tablemend.tables.hashing import column_hash, table_hash, type_name
from tablemend.tables.snapshot import Snapshots
from tablemend.telemetry import Timings

Rescore = Callable[[Session, pa.Table, tuple[Column, ...], tuple[str, ...] | None], Score]
"""Scores a new table, given the columns that changed; None where rows came or went."""


class Desk(Record, frozen=True, kw_only=True):
    """What an apply or undo works with."""

    store: Store
    snapshots: Snapshots
    session: Session
    timings: Timings
    rescore: Rescore
    by: str
    work: str  # the run that does the work; it ends with the commit


class Change(Record, frozen=True, kw_only=True):
    """The new table and how it differs."""

    table: pa.Table
    columns: tuple[Column, ...]
    changes: pa.Table
    removed: pa.Table
    added: pa.Table | None = None

    @property
    def rows_moved(self) -> bool:
        """Whether rows came or went."""
        return bool(self.removed.num_rows or (self.added is not None and self.added.num_rows))

    @property
    def touched(self) -> tuple[str, ...] | None:
        """Columns with a changed cell; None where rows came or went."""
        return None if self.rows_moved else tuple(self.changes["column"].unique().to_pylist())

    @classmethod
    def of(cls, result: Result) -> Change:
        """What an execution gave."""
        return cls(table=result.table, columns=result.columns, changes=result.changes, removed=result.removed)


def commit(
    desk: Desk,
    head: Snapshot,
    parent: pa.Table,
    new: Change,
    change_set: ChangeSet,
    *,
    applied: set[str] | None = None,
    settle: Callable[[], None] | None = None,
    expected: str = "",
) -> ChangeSet:
    """Write the files of a new version and make them count in one transaction, with the score and the audit.

    `settle` writes within that transaction. StateError where the version does not have the expected hash.
    """
    touched = new.touched
    with desk.timings.stage("score"):
        score = desk.rescore(desk.session, new.table, new.columns, touched)
    with desk.timings.stage("write"):
        snapshot = _write(desk.snapshots, head, parent, new, touched)
        change_set = msgspec.structs.replace(
            change_set,
            changes=desk.snapshots.write_changes(new.changes),
            removed=desk.snapshots.write_changes(new.removed) if new.removed.num_rows else "",
            added=desk.snapshots.write_changes(new.added) if new.added is not None and new.added.num_rows else "",
        )
    if expected and snapshot.hash != expected:
        raise StateError(f"{change_set.kind} {change_set.id} would give {snapshot.hash[:16]}, not {expected[:16]}")
    store = desk.store
    with desk.timings.stage("commit"), store.transaction():
        store.datasets.advance(snapshot, score=score)
        store.change_sets.add(change_set)
        store.items.mark_applied(change_set.run, applied or (), change_set.id)
        if settle is not None:
            settle()
        detail = f"{change_set.cells} cells, {change_set.rows_removed} rows removed, {change_set.rows_added} rows added"
        store.audit.write(change_set.by, change_set.kind, change_set.id, detail)
        store.runs.finish(desk.work, "completed", version=snapshot.version, counts=_counts(change_set))
    return change_set


def _counts(change_set: ChangeSet) -> dict[str, int]:
    return {"cells": change_set.cells, "removed": change_set.rows_removed, "added": change_set.rows_added}


def _write(
    snapshots: Snapshots, head: Snapshot, parent: pa.Table, new: Change, touched: Sequence[str] | None
) -> Snapshot:
    hashes = {}
    for name in new.table.column_names:
        same = touched is not None and name not in touched and name in parent.column_names
        known = head.hashes.get(name) if same else None
        hashes[name] = known or column_hash(new.table[name])
    types = [type_name(kind) for kind in new.table.schema.types]
    digest = table_hash(new.table.column_names, types, [hashes[name] for name in new.table.column_names])
    snapshots.write(new.table, digest)
    return msgspec.structs.replace(
        head,
        hash=digest,
        version=head.version + 1,
        parent=head.version,
        columns=new.columns,
        rows=new.table.num_rows,
        hashes=hashes,
        created=now(),
    )
