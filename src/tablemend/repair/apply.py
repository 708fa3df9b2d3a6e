"""Applying what was approved, and undoing it: files first, then one transaction that makes them count."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

import pyarrow as pa

from tablemend.engine.duckdb import Session
from tablemend.errors import Conflict, NothingToChange, NotFound, RepairError, StateError, TablemendError
from tablemend.records import ChangeSet, Column, Item, Outcome, Record, Repair, Score, Snapshot, now
from tablemend.repair import expressions, operations, plan, relation, undo
from tablemend.repair.changes import CHANGES
from tablemend.repair.compose import Step, candidates, require_columns
from tablemend.repair.execution import Result, execute
from tablemend.store.items import Filter
from tablemend.store.state import Store
from tablemend.tables.hashing import column_hash, table_hash, type_name
from tablemend.tables.snapshot import Snapshots
from tablemend.telemetry import Timings

Rescore = Callable[[Session, pa.Table, tuple[Column, ...], tuple[str, ...] | None], Score]
"""Scores a new table, given the columns that changed; None where rows came or went."""


class Bench(Record, frozen=True, kw_only=True):
    """What an apply or undo works with."""

    store: Store
    snapshots: Snapshots
    session: Session
    timings: Timings
    rescore: Rescore
    by: str


def approved(store: Store, run: str) -> list[Item]:
    """Approved items of a run that are not applied yet, in order of precedence: people, confidence, id."""
    items = store.items.select(Filter(run=run, decision="approved"))
    waiting = [item for item in items if not item.applied]
    return sorted(waiting, key=lambda item: (item.decided_by.startswith("gate:"), -item.confidence, item.id))


def apply(bench: Bench, run: str) -> ChangeSet:
    """Carry out the approved repairs of a run as one new version of its dataset.

    Raises StateError where nothing is approved, Conflict where the dataset has moved on, RepairError where every
    approved repair is refused.
    """
    scan = bench.store.runs.get(run)
    head = require_head(bench.store, scan.dataset, scan.version)
    items = approved(bench.store, run)
    if not items:
        raise StateError(f"run {run} has no approved repair that is not applied yet", hint="Approve some first.")
    with bench.timings.stage("read"):
        parent = bench.snapshots.read(head.hash)
    steps, refused = _checked(bench.session, parent, head.columns, [_step(item) for item in items])
    with bench.timings.stage("apply"):
        result = execute(bench.session, parent, head.columns, steps)
    outcomes = [*refused, *_outcomes(bench.session, result, steps, head.columns)]
    if not any(each.status == "applied" for each in outcomes):
        raise RepairError(
            f"none of the {len(outcomes)} approved repairs could be applied: {outcomes[0].reason}",
            hint="Reject or edit them.",
        )
    change_set = ChangeSet(
        id=f"c{secrets.token_hex(4)}",
        kind="apply",
        dataset=head.dataset,
        run=run,
        parent=head.version,
        version=head.version + 1,
        changes="",
        cells=result.changes.num_rows,
        rows_removed=result.removed.num_rows,
        outcomes=tuple(outcomes),
        steps=tuple(_plain(step) for step in steps),
        created=now(),
        by=bench.by,
    )
    done = {each.repair for each in outcomes if each.status != "refused"}
    return commit(bench, head, parent, _Outcome.of(result), change_set, applied=done)


def _plain(step: Step) -> dict[str, object]:
    return {"id": step.id, "operation": step.operation, "columns": list(step.columns), "params": step.params}


def _step(item: Item) -> Step:
    import msgspec

    return plan.step(msgspec.convert(item.body, Repair))


def require_head(store: Store, dataset: str, version: int | None) -> Snapshot:
    """The head of a dataset, if it still holds what the run saw."""
    if version is None:
        raise StateError("this run read no table", hint="Scan a source first.")
    head, seen = store.datasets.snapshot(dataset), store.datasets.snapshot(dataset, version)
    if head.hash != seen.hash:
        raise Conflict(
            f"{head.source.name} has moved on from version {version} to {head.version} since this scan",
            hint="Scan it again; decisions on what is still there are kept.",
        )
    return head


def _checked(
    session: Session, parent: pa.Table, columns: tuple[Column, ...], steps: Sequence[Step]
) -> tuple[list[Step], list[Outcome]]:
    """Try every step before anything runs; a bad one is refused by name, the others proceed."""
    relation.register(session, parent, columns)
    names = [column.name for column in columns]
    good, refused = [], []
    for step in steps:
        try:
            require_columns(step, names)
            _try(session, step, columns)
            good.append(step)
        except TablemendError as problem:
            refused.append(Outcome(repair=step.id, status="refused", reason=problem.message))
    return good, refused


def _try(session: Session, step: Step, columns: tuple[Column, ...]) -> None:
    """Evaluate a user's own SQL over every row; the rest of the vocabulary cannot fail on data."""
    import duckdb

    chosen = operations.validate(step.operation, step.params)
    own = step.params.get("expression") or step.params.get("predicate")
    if own is None:
        candidates(session, [step])
        return
    test = f"CAST(({expressions.checked(own)}) AS VARCHAR)"
    try:
        session.one(f"SELECT count({test}) FROM {relation.DATA}")
    except duckdb.Error as problem:
        first = str(problem).splitlines()[0]
        raise RepairError(
            f"{chosen.name}: {own!r} fails on this table: {first}", hint="Mend the expression."
        ) from problem


def _outcomes(session: Session, result: Result, steps: Sequence[Step], columns: tuple[Column, ...]) -> list[Outcome]:
    """What became of each step: the cells it won, or why it won none."""
    idle = [step for step in steps if not result.won.get(step.id) and not result.removed_by.get(step.id)]
    alone = plan.count_alone(session, relation.DATA, columns, idle)
    found = []
    for step in steps:
        cells, rows = result.won.get(step.id, 0), result.removed_by.get(step.id, 0)
        if cells or rows:
            found.append(Outcome(repair=step.id, status="applied", cells=cells, rows=rows))
        elif alone[step.id]:
            found.append(Outcome(repair=step.id, status="superseded", reason="other repairs decided its cells"))
        else:
            found.append(Outcome(repair=step.id, status="refused", reason="it changes nothing in this table"))
    return found


class _Outcome(Record, frozen=True, kw_only=True):
    """The new table and how it differs."""

    table: pa.Table
    columns: tuple[Column, ...]
    changes: pa.Table
    removed: pa.Table
    added: pa.Table | None = None

    @classmethod
    def of(cls, result: Result) -> _Outcome:
        """What an execution gave."""
        return cls(table=result.table, columns=result.columns, changes=result.changes, removed=result.removed)


def commit(
    bench: Bench,
    head: Snapshot,
    parent: pa.Table,
    new: _Outcome,
    change_set: ChangeSet,
    *,
    applied: set[str] | None = None,
    cleared: set[str] | None = None,
) -> ChangeSet:
    """Write the files of a new version and make them count in one transaction, with the score and the audit."""
    import msgspec

    rows_moved = bool(new.removed.num_rows or (new.added is not None and new.added.num_rows))
    touched = None if rows_moved else tuple(new.changes["column"].unique().to_pylist())
    with bench.timings.stage("score"):
        score = bench.rescore(bench.session, new.table, new.columns, touched)
    with bench.timings.stage("write"):
        snapshot = _write(bench.snapshots, head, parent, new, touched)
        change_set = msgspec.structs.replace(
            change_set,
            changes=bench.snapshots.write_changes(new.changes),
            removed=bench.snapshots.write_changes(new.removed) if new.removed.num_rows else "",
            added=bench.snapshots.write_changes(new.added) if new.added is not None and new.added.num_rows else "",
        )
    store = bench.store
    with bench.timings.stage("commit"), store.transaction():
        store.datasets.advance(snapshot, score=score)
        store.change_sets.add(change_set)
        store.items.mark_applied(change_set.run, applied or (), change_set.id)
        store.items.mark_applied(change_set.run, cleared or (), "")
        detail = f"{change_set.cells} cells, {change_set.rows_removed} rows removed, {change_set.rows_added} rows added"
        store.audit.write(change_set.by, change_set.kind, change_set.id, detail)
    return change_set


def _write(
    snapshots: Snapshots, head: Snapshot, parent: pa.Table, new: _Outcome, touched: Sequence[str] | None
) -> Snapshot:
    import msgspec

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


def undo_change_set(
    bench: Bench, identity: str, *, repair: str | None = None, cell: tuple[int, str] | None = None, force: bool = False
) -> ChangeSet:
    """Undo a change set, one repair of it, or one cell of it, as a new version.

    Cells and rows that changed again since are kept and counted in `kept`, unless forced.
    """
    target = bench.store.change_sets.get(identity)
    head = bench.store.datasets.snapshot(target.dataset)
    before = bench.store.datasets.snapshot(target.dataset, target.parent)
    after = bench.store.datasets.snapshot(target.dataset, target.version)
    with bench.timings.stage("read"):
        parent, table = bench.snapshots.read(before.hash), bench.snapshots.read(head.hash)
    edits = _edits(bench, target, before, parent, repair, cell)
    whole = repair is None and cell is None
    columns = head.columns
    with bench.timings.stage("undo"):
        if whole:
            opened, columns = undo.reopen_columns(table, columns, parent, before.columns, after.columns)
        restored = undo.restore(opened if whole else table, edits, force=force)
        final = restored.table
        if whole:
            final, columns = undo.close_columns(final, columns, before.columns, after.columns)
    if not restored.changes.num_rows and not restored.removed.num_rows and not restored.added.num_rows:
        raise NothingToChange(
            f"undoing {identity} would change nothing: {restored.kept} cells or rows have changed again since",
            hint="Look at `tablemend history`; --force restores them all the same.",
        )
    change_set = ChangeSet(
        id=f"c{secrets.token_hex(4)}",
        kind="undo",
        dataset=target.dataset,
        run=target.run,
        parent=head.version,
        version=head.version + 1,
        changes="",
        cells=restored.changes.num_rows,
        rows_removed=restored.removed.num_rows,
        rows_added=restored.added.num_rows,
        undoes=target.id,
        undone=repair or (f"{cell[0]}:{cell[1]}" if cell else ""),
        kept=restored.kept,
        created=now(),
        by=bench.by,
    )
    cleared = {each.repair for each in target.outcomes} if whole else {repair} if repair else set()
    new = _Outcome(
        table=final, columns=columns, changes=restored.changes, removed=restored.removed, added=restored.added
    )
    done = commit(bench, head, table, new, change_set, cleared={each for each in cleared if each})
    if whole and target.version == head.version:
        _verify(bench.store, done, before)
    return done


def _verify(store: Store, done: ChangeSet, before: Snapshot) -> None:
    """Undoing the newest change set must give back the version before it, to the last value."""
    found = store.datasets.snapshot(done.dataset, done.version).hash
    if found != before.hash:
        raise StateError(f"the undo {done.id} did not restore version {before.version}: {found} is not {before.hash}")


def _edits(
    bench: Bench,
    target: ChangeSet,
    before: Snapshot,
    parent: pa.Table,
    repair: str | None,
    cell: tuple[int, str] | None,
) -> undo.Edits:
    done = bench.snapshots.read_changes(target.changes)
    removed = bench.snapshots.read_changes(target.removed) if target.removed else _no_rows(parent)
    added = (
        bench.snapshots.read_changes(target.added)["_row"].combine_chunks()
        if target.added
        else pa.array([], pa.int64())
    )
    if cell is not None:
        return _cell_edits(bench, done, target, cell, parent)
    if repair is None:
        cells = undo.between(bench.session, done, CHANGES.empty_table())
        return undo.Edits(cells=cells, add=removed, remove=added)
    if repair not in {str(each["id"]) for each in target.steps}:
        raise NotFound(f"change set {target.id} holds no repair {repair}", hint="`tablemend history` lists them.")
    import msgspec

    others = [msgspec.convert(each, Step) for each in target.steps if each["id"] != repair]
    wanted = execute(bench.session, parent, before.columns, others)
    cells = undo.between(bench.session, done, wanted.changes)
    back = set(removed["_row"].to_pylist()) - set(wanted.removed["_row"].to_pylist())
    gone = set(wanted.removed["_row"].to_pylist()) - set(removed["_row"].to_pylist())
    rows = wanted.table.filter(pa.compute.is_in(wanted.table["_row"], pa.array(sorted(back), pa.int64())))
    return undo.Edits(cells=cells, add=rows, remove=pa.array(sorted(gone), pa.int64()))


def _cell_edits(bench: Bench, done: pa.Table, target: ChangeSet, cell: tuple[int, str], parent: pa.Table) -> undo.Edits:
    row, column = cell
    which = pa.compute.and_(pa.compute.equal(done["row"], row), pa.compute.equal(done["column"], column))
    chosen = done.filter(which)
    if not chosen.num_rows:
        raise NotFound(f"change set {target.id} did not change cell {row}:{column}", hint="Look at `tablemend diff`.")
    cells = undo.between(bench.session, chosen, CHANGES.empty_table())
    return undo.Edits(cells=cells, add=_no_rows(parent), remove=pa.array([], pa.int64()))


def _no_rows(parent: pa.Table) -> pa.Table:
    return parent.slice(0, 0)
