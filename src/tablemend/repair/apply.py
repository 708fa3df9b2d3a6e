"""Applying what was approved as one new version of the dataset."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import msgspec
import pyarrow as pa

from tablemend.engine.duckdb import Session
from tablemend.errors import RepairError, StateError
from tablemend.records import ChangeSet, Column, Item, Outcome, Record, Repair, Score, now
from tablemend.repair import plan, relation
from tablemend.repair.commit import Change, Desk, commit
from tablemend.repair.compose import Step
from tablemend.repair.execution import Result, execute
from tablemend.repair.further import Standing, relative, standing
from tablemend.repair.script import precedence
from tablemend.repair.verification import sort_out
from tablemend.store.filters import Filter
from tablemend.store.state import Store


def approved(store: Store, run: str, *, keep_rows: bool) -> list[Item]:
    """Approved items of a run that are not applied yet, in order of precedence: people, confidence, id."""
    items = store.items.select(Filter(run=run, decision="approved"))
    waiting = [item for item in items if _due(item) and not (keep_rows and item.body["phase"] == "rows")]
    return precedence(waiting)


def _due(item: Item) -> bool:
    """Whether the decision is about this content and not carried out yet."""
    return not item.applied and not item.stale


class Carried(Record, frozen=True, kw_only=True):
    """Steps carried out in memory: nothing is written yet."""

    stand: Standing
    parent: pa.Table  # of the head
    change: Change  # of the head
    steps: tuple[Step, ...]
    outcomes: tuple[Outcome, ...]


class Preview(Record, frozen=True, kw_only=True):
    """What an apply would do, computed by doing it without writing."""

    score: Score
    outcomes: tuple[Outcome, ...]
    changes: pa.Table  # row, column, before, after, repair
    rows_removed: int


def apply(desk: Desk, run: str, *, keep_rows: bool = False) -> ChangeSet:
    """Carry out the approved repairs of a run as one new version of its dataset; rows stay where `keep_rows`.

    Raises StateError where nothing is approved, Conflict where the dataset has moved on, RepairError where every
    approved repair is refused.
    """
    carried = _carry_out(desk, run, approved(desk.store, run, keep_rows=keep_rows))
    head, change = carried.stand.head, carried.change
    change_set = ChangeSet(
        id=f"c{secrets.token_hex(4)}",
        kind="apply",
        dataset=head.dataset,
        run=run,
        parent=head.version,
        version=head.version + 1,
        changes="",
        base=carried.stand.base.version,
        cells=change.changes.num_rows,
        rows_removed=change.removed.num_rows,
        rows_added=0 if change.added is None else change.added.num_rows,
        outcomes=carried.outcomes,
        steps=tuple(_plain(step) for step in carried.steps),
        created=now(),
        by=desk.by,
    )
    done = {each.repair for each in carried.outcomes if each.status != "refused"}
    return commit(desk, head, carried.parent, change, change_set, applied=done)


def preview(desk: Desk, run: str, items: Sequence[Item]) -> Preview:
    """The exact score, outcomes and cells that applying these items of a run would give."""
    carried = _carry_out(desk, run, precedence(items))
    change = carried.change
    return Preview(
        score=desk.rescore(desk.session, change.table, change.columns, change.touched),
        outcomes=carried.outcomes,
        changes=change.changes,
        rows_removed=change.removed.num_rows,
    )


def _carry_out(desk: Desk, run: str, items: Sequence[Item]) -> Carried:
    """From what the scan saw, with what is applied of it already: so every repair finds the cells it was made for."""
    stand = standing(desk.store, desk.store.runs.get(run))
    if not items:
        raise StateError(f"run {run} has no approved repair that is not applied yet", hint="Approve some first.")
    with desk.timings.stage("read"):
        parent = desk.snapshots.read(stand.head.hash)
        base = parent if stand.base is stand.head else desk.snapshots.read(stand.base.hash)
    together = precedence([*stand.applied, *items])
    steps, refused = sort_out(desk.session, base, stand.base.columns, [_step(item) for item in together])
    with desk.timings.stage("apply"):
        result = execute(desk.session, base, stand.base.columns, steps)
    own = {item.id for item in items}
    outcomes = (*refused, *_outcomes(desk.session, result, steps, stand.base.columns))
    outcomes = tuple(each for each in outcomes if each.repair in own)
    if not any(each.status == "applied" for each in outcomes):
        raise RepairError(
            f"none of the {len(outcomes)} repairs could be applied: {outcomes[0].reason}", hint="Reject or edit them."
        )
    change = Change.of(result)
    if stand.base is not stand.head:
        change = relative(desk.session, parent, stand.head.columns, result)
    return Carried(stand=stand, parent=parent, change=change, steps=tuple(steps), outcomes=outcomes)


def _plain(step: Step) -> dict[str, object]:
    return {"id": step.id, "operation": step.operation, "columns": list(step.columns), "params": step.params}


def _step(item: Item) -> Step:
    return plan.step(msgspec.convert(item.body, Repair))


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
