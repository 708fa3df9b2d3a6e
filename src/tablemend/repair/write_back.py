"""Writing a change set back to the database that its rows were read from: only what changed, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from tablemend.databases import bulk
from tablemend.databases.bulk import Outcome
from tablemend.databases.database import Database
from tablemend.engine import sql
from tablemend.engine.duckdb import Session
from tablemend.errors import RepairError, StateError
from tablemend.records import ChangeSet, Column, Record, Snapshot, Value
from tablemend.repair.target import Target, require_as_read
from tablemend.store.writes import Written
from tablemend.tables.arrow import plainly
from tablemend.tables.snapshot import Snapshots


class Difference(Record, frozen=True, kw_only=True):
    """What a change set does to the rows of a table, by their keys."""

    groups: tuple[Group, ...]
    removed: pa.Table  # whole rows as they were
    added: pa.Table  # whole rows as they are to be

    @property
    def rows(self) -> int:
        """Rows that are touched."""
        return sum(each.data.num_rows for each in self.groups) + self.removed.num_rows + self.added.num_rows


class Group(Record, frozen=True, kw_only=True):
    """Rows in which the same columns change."""

    data: pa.Table  # key and new values
    expected: pa.Table  # old values, row for row


class Versions(Record, frozen=True, kw_only=True):
    """The versions before and after a change set, and the one that was read from the database."""

    before: Snapshot
    after: Snapshot
    origin: Snapshot


def differences(snapshots: Snapshots, versions: Versions, change_set: ChangeSet, target: Target) -> Difference:
    """What to write, in the types of the database; RepairError where a value does not fit.

    StateError where columns came, went or were renamed, or where cells of the key or of computed columns change.
    """
    require_as_read(target, versions.origin)
    columns = _columns(versions, target)
    before, after = snapshots.read(versions.before.hash), snapshots.read(versions.after.hash)
    key = [columns[name] for name in target.description.primary_key]
    changes = snapshots.read_changes(change_set.changes, ["row", "column"])
    stood, stands = (pc.is_in(changes["row"], each["_row"].combine_chunks()) for each in (before, after))
    return Difference(
        groups=tuple(_groups(changes.filter(pc.and_(stood, stands)), before, after, columns, key, target)),
        removed=_removed(_without(before, after), list(columns.values()), target),
        added=_added(_without(after, before), list(columns.values()), target),
    )


def _columns(versions: Versions, target: Target) -> dict[str, Column]:
    """Columns by their names in the database."""
    origin, *later = (
        [each.header for each in version.columns] for version in (versions.origin, versions.before, versions.after)
    )
    if any(names != origin for names in later):
        raise StateError(
            f"the columns of {versions.after.source.name} are others than those of {target.shown}",
            hint="Write to a new table with --to URL#TABLE.",
        )
    return {column.header: column for column in versions.after.columns}


def _groups(
    changes: pa.Table, before: pa.Table, after: pa.Table, columns: dict[str, Column], key: list[Column], target: Target
) -> Iterator[Group]:
    """Changed rows, those with the same changed columns together."""
    if not changes.num_rows:
        return
    by_name = {column.name: column for column in columns.values()}
    touched = [by_name[name] for name in changes["column"].unique().to_pylist()]
    _require_writable(touched, key, target)
    rows, position = np.unique(changes["row"].to_numpy(), return_inverse=True)
    column = pc.index_in(changes["column"], pa.array([each.name for each in touched])).to_numpy()
    marks = np.zeros((len(rows), len(touched)), bool)
    marks[position, column] = True
    kinds, kind = np.unique(np.packbits(marks, axis=1), axis=0, return_inverse=True)
    for number, packed in enumerate(kinds):
        chosen = rows[kind.reshape(-1) == number]
        which = np.unpackbits(packed, count=len(touched)).astype(bool)
        changed = [each for each, marked in zip(touched, which, strict=True) if marked]
        yield Group(
            data=_typed(_rows(after, chosen), [*key, *changed], target),
            expected=_typed(_rows(before, chosen), changed, target),
        )


def _require_writable(touched: Sequence[Column], key: Sequence[Column], target: Target) -> None:
    generated = {each.name for each in target.description.columns if each.generated is not None}
    for column in touched:
        if column in key:
            raise StateError(
                f"{target.shown}: {column.header} tells its rows apart and cannot be changed in place",
                hint="Undo the repairs of the key, or write to a new table with --to URL#TABLE.",
            )
        if column.header in generated:
            raise StateError(
                f"{target.shown} computes {column.header} itself; it cannot be changed",
                hint="Undo the repairs of that column, and repair what it is computed from.",
            )


def _removed(gone: pa.Table, columns: Sequence[Column], target: Target) -> pa.Table:
    """Rows to delete: the key, and what can be compared of the rest."""
    if not gone.num_rows:
        return target.types.empty_table().select(list(target.description.primary_key))
    key = target.description.primary_key
    compared = [each for each in columns if each.header in key or _comparable(target.types.field(each.header).type)]
    return _typed(gone, compared, target)


def _added(new: pa.Table, columns: Sequence[Column], target: Target) -> pa.Table:
    return _typed(new, columns, target) if new.num_rows else target.types.empty_table()


def _comparable(kind: pa.DataType) -> bool:
    """Whether databases compare values of a type, and text reads back as one."""
    return not (pa.types.is_nested(kind) or pa.types.is_duration(kind) or pa.types.is_interval(kind))


def _rows(table: pa.Table, rows: np.ndarray) -> pa.Table:
    return table.take(pc.index_in(pa.array(rows), table["_row"].combine_chunks()))


def _without(table: pa.Table, other: pa.Table) -> pa.Table:
    return table.filter(pc.invert(pc.is_in(table["_row"], other["_row"].combine_chunks())))


def only_written(found: Difference, key: Sequence[str], left: Sequence[Mapping[str, Value]]) -> Difference:
    """What an undo takes back: without the rows that the write which it undoes has left alone."""
    if not left:
        return found
    untouched = {tuple(row[name] for name in key) for row in left}

    def kept(table: pa.Table) -> pa.Array:
        rows = zip(*(table[name].to_pylist() for name in key), strict=True)
        return pa.array([tuple(shown(value) for value in row) not in untouched for row in rows], pa.bool_())

    groups = ((each, kept(each.data)) for each in found.groups)
    return Difference(
        groups=tuple(Group(data=each.data.filter(rows), expected=each.expected.filter(rows)) for each, rows in groups),
        removed=found.removed.filter(kept(found.removed)),
        added=found.added.filter(kept(found.added)),
    )


def _typed(table: pa.Table, columns: Sequence[Column], target: Target) -> pa.Table:
    """Columns under their names in the database, in its types."""
    arrays = [_cast(table[each.name], target.types.field(each.header).type, each, target) for each in columns]
    return pa.table(arrays, names=[each.header for each in columns])


def _cast(array: pa.ChunkedArray, kind: pa.DataType, column: Column, target: Target) -> pa.ChunkedArray:
    if array.type == kind:
        return array
    storage = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
    try:
        plain = array.cast(storage)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as problem:
        raise RepairError(
            f"{target.shown}: a new value of {column.header} does not fit its type {kind}: {problem}",
            hint="Undo that repair, or give it a value of that type.",
        ) from problem
    if storage is kind:
        return plain
    chunks = [pa.ExtensionArray.from_storage(kind, chunk) for chunk in plain.chunks]
    return pa.chunked_array(chunks, kind)


def write(connection: sa.Connection, target: Target, found: Difference) -> Written:
    """Write differences in the open transaction; rows that somebody else has changed or removed are left alone."""
    key, outcomes, inserted = list(target.description.primary_key), [], 0
    for group in found.groups:
        outcomes.append(bulk.update(connection, target.table, key, group.data, expected=group.expected))
    if found.removed.num_rows:
        old = found.removed.select([name for name in found.removed.column_names if name not in key])
        outcomes.append(bulk.delete(connection, target.table, key, found.removed.select(key), expected=old))
    if found.added.num_rows:
        inserted = bulk.insert(connection, target.table, found.added)
    return _summed(outcomes, inserted)


def _summed(outcomes: Sequence[Outcome], inserted: int) -> Written:
    left: list[dict[str, object]] = []
    for each in outcomes:
        left += [*each.conflict_keys.to_pylist(), *each.missing_keys.to_pylist()]
    return Written(
        total=sum(each.total for each in outcomes) + inserted,
        updated=sum(each.updated for each in outcomes),
        inserted=inserted,
        deleted=sum(each.deleted for each in outcomes),
        conflicts=sum(each.conflicts for each in outcomes),
        missing=sum(each.missing for each in outcomes),
        left=tuple({name: shown(value) for name, value in row.items()} for row in left),
    )


def shown(value: object) -> str | int | float | bool | None:
    """A value of a key as it is kept and shown."""
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def found_out(session: Session, database: Database, target: Target, found: Difference) -> tuple[str, Written]:
    """Whether a write whose process ended was taken by the database, by looking at the rows it was about.

    A transaction is taken whole or not at all: rows as they were to be, and none as they were, mean that it was. The
    status to end the write with, and what is known of its outcome.
    """
    key = list(target.description.primary_key)
    _wait_for_writers(database, target)
    now = bulk.read_table(database, target.table)
    session.register("now", _plain(now))
    new = old = 0
    for group in found.groups:
        before = pa.table(
            [*group.data.select(key).columns, *group.expected.columns], [*key, *group.expected.column_names]
        )
        new += _standing(session, group.data, key)
        old += _standing(session, before, key)
    removed = _standing(session, found.removed.select(key), key)
    added = _standing(session, found.added.select(key), key)
    new += found.removed.num_rows - removed + added
    old += removed + found.added.num_rows - added
    rest = found.rows - new - old
    told = f"{new:,} rows are as they were to be, {old:,} as they were before, {rest:,} otherwise"
    if new and not old:
        return "written", Written(
            total=found.rows, updated=new, conflicts=rest, note=f"found out after a crash: {told}"
        )
    return "failed" if old and not new else "lost", Written(note=f"its process ended: {told}")


_WAIT = {"postgresql": "LOCK TABLE {table} IN SHARE MODE", "mysql": "SELECT COUNT(*) FROM {table} LOCK IN SHARE MODE"}
"""Statements that wait until no transaction is about to change the table; a commit outlives the client that asked."""
_WAIT_SECONDS = 30.0


def _wait_for_writers(database: Database, target: Target) -> None:
    """Wait for a commit that may still be under way; raises DatabaseError where it takes too long."""
    statement = _WAIT.get(database.kind)
    if statement is None:
        return
    preparer = database.dialect.identifier_preparer
    table = ".".join(preparer.quote_identifier(each) for each in target.table if each is not None)
    with database.transaction(timeout=_WAIT_SECONDS) as connection:
        connection.exec_driver_sql(statement.format(table=table).replace("%", "%%"))


def _standing(session: Session, wanted: pa.Table, key: Sequence[str]) -> int:
    """How many of these rows stand in the table `now` just so."""
    session.register("wanted", _plain(wanted))
    same = " AND ".join(
        f"n.{sql.name(name)} {'=' if name in key else 'IS NOT DISTINCT FROM'} w.{sql.name(name)}"
        for name in wanted.column_names
    )
    return int(session.one(f"SELECT count(*) FROM wanted AS w JOIN now AS n ON {same}")[0])


def _plain(table: pa.Table) -> pa.Table:
    """In types that the embedded engine holds."""
    return pa.table([plainly(column) for column in table.columns], names=table.column_names)
