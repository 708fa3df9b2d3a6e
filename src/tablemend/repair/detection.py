"""Running the detectors phase by phase: each phase sees what the earlier ones would leave."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tablemend.engine import sql
from tablemend.engine.duckdb import Session
from tablemend.records import PHASES, Column, Profile, Proposal
from tablemend.repair import operations
from tablemend.repair.compose import Step, compose, load_pairs
from tablemend.repair.detect.registry import DETECTORS, Detector
from tablemend.repair.plan import step
from tablemend.repair.relation import materialise
from tablemend.repair.workbench import Workbench

LIKELY = 0.5
"""From this confidence on a proposal is more likely right than wrong, and later phases see it applied."""


def propose(
    session: Session,
    relation: str,
    columns: Sequence[Column],
    profile: Profile,
    *,
    detectors: Sequence[Detector] = DETECTORS,
) -> list[Proposal]:
    """Every proposal of the detectors for a relation, in order of phases."""
    names = [column.name for column in columns]
    found: list[Proposal] = []
    current = relation
    for phase in PHASES:
        members = [detector for detector in detectors if detector.phase == phase]
        bench = Workbench(session, current, profile=profile)
        proposed = [proposal for detector in members for proposal in detector.function(bench)]
        if current != relation:
            proposed = [_widened(session, each, relation, current) for each in proposed]
        found += proposed
        likely = [step(each, str(n)) for n, each in enumerate(proposed) if _carries_on(each)]
        if likely and phase != PHASES[-1]:
            current = _carried_on(session, current, names, likely, f"after_{phase}")
    return found


def _carries_on(proposal: Proposal) -> bool:
    return proposal.confidence >= LIKELY and operations.operation(proposal.operation).kind in ("expression", "map")


def _carried_on(session: Session, current: str, names: Sequence[str], steps: Sequence[Step], relation: str) -> str:
    """The relation that the next phase sees."""
    composed = compose(session, current, names, steps)
    materialise(session, f"SELECT _row, {sql.names(names)} FROM ({composed.query}) ORDER BY _row", relation)
    return relation


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
