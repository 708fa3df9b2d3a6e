"""Running the detectors phase by phase: each phase sees what the earlier ones would leave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from tablemend.engine import sql
from tablemend.engine.duckdb import Session
from tablemend.quality.distinct import Distincts
from tablemend.records import PHASES, Column, Profile, Proposal
from tablemend.repair import operations, relation
from tablemend.repair.compose import Step, compose, load_pairs
from tablemend.repair.detect.registry import DETECTORS, Detector
from tablemend.repair.plan import step
from tablemend.repair.relation import DATA, aligned
from tablemend.repair.workbench import Workbench

if TYPE_CHECKING:
    import pyarrow as pa

LIKELY = 0.5
"""From this confidence on a proposal is more likely right than wrong, and later phases see it applied."""


def propose(
    session: Session,
    table: pa.Table,
    columns: Sequence[Column],
    profile: Profile,
    *,
    distincts: Distincts | None = None,
    detectors: Sequence[Detector] = DETECTORS,
    progress: Callable[[float], None] = lambda _: None,
) -> list[Proposal]:
    """Every proposal of the detectors for a table registered as `data`, in order of phases."""
    found: list[Proposal] = []
    bench, done = Workbench(session, DATA, profile=profile, distincts=distincts), 0
    for phase in PHASES:
        proposed: list[Proposal] = []
        for detector in detectors:
            if detector.phase == phase:
                proposed += detector.function(bench)
                done += 1
                progress(done / len(detectors))
        if bench.relation != DATA:
            proposed = [_widened(session, each, DATA, bench.relation) for each in proposed]
        found += proposed
        likely = [step(each, str(n)) for n, each in enumerate(proposed) if _carries_on(each)]
        if likely and phase in _FOLLOWED:
            table, columns, changed = _carried_on(session, table, columns, likely, bench.relation)
            relation.register(session, table, columns, f"after_{phase}")
            bench = bench.after(f"after_{phase}", changed)
    return found


_FOLLOWED = PHASES[: PHASES.index("columns") - 1]


def _carries_on(proposal: Proposal) -> bool:
    return proposal.confidence >= LIKELY and operations.operation(proposal.operation).kind in ("expression", "map")


def _carried_on(
    session: Session, table: pa.Table, columns: Sequence[Column], steps: Sequence[Step], current: str
) -> tuple[pa.Table, tuple[Column, ...], tuple[str, ...]]:
    """The table that the next phase sees, its changed columns as text; all other columns are shared, not copied."""
    composed = compose(session, current, [column.name for column in columns], steps)
    edited = aligned(session.arrow(f"SELECT _row, {sql.names(composed.touched)} FROM ({composed.query})"), table)
    for name in composed.touched:
        table = table.set_column(table.schema.get_field_index(name), name, edited[name])
    typed = tuple(
        msgspec.structs.replace(column, type="text") if column.name in composed.touched else column
        for column in columns
    )
    return table, typed, composed.touched


def _widened(session: Session, proposal: Proposal, raw: str, current: str) -> Proposal:
    """Let a map match the source's own spelling too, so that it holds without the repairs of earlier phases."""
    if operations.operation(proposal.operation).kind != "map":
        return proposal
    each = step(proposal)
    pairs = [list(pair) for pair in each.params["pairs"]]
    load_pairs(session, "_widen", each.keys, pairs)
    match = " AND ".join(f"c.{sql.name(key)} IS NOT DISTINCT FROM m.k{i}" for i, key in enumerate(each.keys))
    differ = " OR ".join(f"c.{sql.name(key)} IS DISTINCT FROM r.{sql.name(key)}" for key in each.keys)
    spelled = ", ".join(f"r.{sql.name(key)}" for key in each.keys)
    rows = session.rows(
        f"SELECT DISTINCT {spelled}, m.new FROM {sql.name(current)} AS c "
        f"JOIN {sql.name(raw)} AS r ON c._row = r._row JOIN _widen AS m ON {match} WHERE {differ}"
    )
    known = {tuple(pair[:-1]) for pair in pairs}
    offered: dict[tuple[object, ...], set[object]] = {}
    for *keys, new in rows:
        offered.setdefault(tuple(keys), set()).add(new)
    more = [[*keys, *news] for keys, news in offered.items() if keys not in known and len(news) == 1]
    return msgspec.structs.replace(proposal, params={**proposal.params, "pairs": pairs + more}) if more else proposal
