"""Undo of a change set, a repair or a cell, as a new version of the dataset."""

from __future__ import annotations

import secrets
from functools import partial

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from tablemend.errors import NotFound, NothingToChange
from tablemend.records import ChangeSet, Decision, Record, Snapshot, now
from tablemend.repair import restore
from tablemend.repair.changes import CHANGES
from tablemend.repair.commit import Change, Desk, commit
from tablemend.repair.compose import Step
from tablemend.repair.execution import execute
from tablemend.review.decisions import UNDONE
from tablemend.store.filters import Filter


class What(Record, frozen=True, kw_only=True):
    """What of a change set is undone: all of it, one repair, or one cell."""

    repair: str = ""
    row: int | None = None
    column: str = ""

    @property
    def whole(self) -> bool:
        """All of it."""
        return not self.repair and self.row is None

    def __str__(self) -> str:
        """As the change set of the undo records it."""
        return self.repair or ("" if self.row is None else f"{self.row}:{self.column}")


class _Versions(Record, frozen=True, kw_only=True):
    """The versions that an undo goes by, and the tables of two of them."""

    target: ChangeSet
    head: Snapshot
    before: Snapshot
    after: Snapshot
    parent: pa.Table  # of `before`
    table: pa.Table  # of `head`


def undo(desk: Desk, identity: str, what: What, *, force: bool = False) -> ChangeSet:
    """Undo a change set, one repair of it, or one cell of it.

    Cells and rows that changed again since are kept and counted in `kept`, unless forced.
    """
    versions = _versions(desk, identity)
    target, head = versions.target, versions.head
    edits = _edits(desk, versions, what)
    with desk.timings.stage("undo"):
        change, kept = _restored(versions, edits, what, force=force)
    if not change.rows_moved and not change.changes.num_rows and change.columns == head.columns:
        raise NothingToChange(
            f"undoing {identity} would change nothing: "
            + (f"{kept} cells have changed again since" if kept else "all is as it was before it"),
            hint="--force restores them all the same." if kept else "`tablemend history` lists what was undone.",
        )
    change_set = ChangeSet(
        id=f"c{secrets.token_hex(4)}",
        kind="undo",
        dataset=target.dataset,
        run=target.run,
        parent=head.version,
        version=head.version + 1,
        changes="",
        cells=change.changes.num_rows,
        rows_removed=change.removed.num_rows,
        rows_added=0 if change.added is None else change.added.num_rows,
        undoes=target.id,
        undone=str(what),
        kept=kept,
        created=now(),
        by=desk.by,
    )
    newest = what.whole and target.version == head.version
    return commit(
        desk,
        head,
        versions.table,
        change,
        change_set,
        settle=partial(_settle, desk, target, what, change_set.id),
        expected=versions.before.hash if newest else "",
    )


def _settle(desk: Desk, target: ChangeSet, what: What, undo: str) -> None:
    """A change set that is undone opens its repairs again; a repair that is undone by itself is rejected.

    Undoing an undo approves again what that undo took back.
    """
    if what.row is not None:
        return
    ids = (what.repair,) if what.repair else tuple(each.repair for each in target.outcomes)
    items = desk.store.items.select(Filter(run=target.run, ids=ids))
    decision, applied, reason = "rejected" if what.repair else "open", "", f"{UNDONE}{undo}"
    chosen = [item for item in items if item.decision == "approved"]
    if target.kind == "undo":
        decision, applied, reason = "approved", undo, f"redone in {undo}"
        chosen = [item for item in items if item.reason == f"{UNDONE}{target.id}"]
    desk.store.items.mark_applied(target.run, [item.id for item in chosen], applied)
    made = partial(Decision, decision=decision, by=desk.by, gate=False, reason=reason, when=now())
    desk.store.items.decide([made(item=item.id, version=item.version) for item in chosen])


def _versions(desk: Desk, identity: str) -> _Versions:
    target = desk.store.change_sets.get(identity)
    find = desk.store.datasets.snapshot
    head, before = find(target.dataset), find(target.dataset, target.parent)
    with desk.timings.stage("read"):
        return _Versions(
            target=target,
            head=head,
            before=before,
            after=find(target.dataset, target.version),
            parent=desk.snapshots.read(before.hash),
            table=desk.snapshots.read(head.hash),
        )


def _restored(versions: _Versions, edits: restore.Edits, what: What, *, force: bool) -> tuple[Change, int]:
    """The restored table with what changed in it, and how many cells and rows were kept."""
    table, columns, after = versions.table, versions.head.columns, versions.after.columns
    if what.row is None:
        table, columns = restore.reopen_columns(table, columns, edits.origin, edits.columns, after)
    restored = restore.restore(table, edits, force=force)
    table = restored.table
    if what.row is None:
        table, columns = restore.close_columns(table, columns, edits.columns, after)
    change = Change(
        table=table, columns=columns, changes=restored.changes, removed=restored.removed, added=restored.added
    )
    return change, restored.kept


def _edits(desk: Desk, versions: _Versions, what: What) -> restore.Edits:
    target, nothing = versions.target, versions.parent.slice(0, 0)
    done = desk.snapshots.read_changes(target.changes)
    removed = desk.snapshots.read_changes(target.removed) if target.removed else nothing
    if what.repair:
        return _without(desk, versions, what.repair)
    if what.row is not None:
        done, removed = _one_cell(done, target, what), nothing
    added = desk.snapshots.read_changes(target.added)["_row"] if target.added and what.whole else nothing["_row"]
    return restore.Edits(
        cells=restore.between(desk.session, done, CHANGES.empty_table()),
        origin=versions.parent,
        columns=versions.before.columns,
        add=removed,
        remove=added.combine_chunks(),
    )


def _without(desk: Desk, versions: _Versions, repair: str) -> restore.Edits:
    """What leads to the change set as it would have been without one repair."""
    target = versions.target
    if repair not in {each.repair for each in target.outcomes if each.status != "refused"}:
        raise NotFound(f"change set {target.id} holds no repair {repair}", hint="`tablemend history` lists them.")
    others = [msgspec.convert(each, Step) for each in target.steps if each["id"] != repair]
    base = desk.store.datasets.snapshot(target.dataset, target.base or target.parent)
    wanted = execute(desk.session, desk.snapshots.read(base.hash), base.columns, others)
    done = desk.snapshots.read(versions.after.hash)
    cells, back, gone = restore.towards(desk.session, done, versions.after.columns, wanted.table, wanted.columns)
    return restore.Edits(
        cells=cells,
        origin=wanted.table,
        columns=wanted.columns,
        add=wanted.table.filter(pc.is_in(wanted.table["_row"], back)),
        remove=gone,
    )


def _one_cell(done: pa.Table, target: ChangeSet, what: What) -> pa.Table:
    which = pc.and_(pc.equal(done["row"], what.row), pc.equal(done["column"], what.column))
    chosen = done.filter(which)
    if not chosen.num_rows:
        raise NotFound(
            f"change set {target.id} did not change cell {what.row}:{what.column}", hint="Look at `tablemend diff`."
        )
    return chosen
