"""A scan with as many repairs to decide on as wanted, each of one value, each of which can be applied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import msgspec
import pyarrow as pa

from tablemend.bench.data import orders_csv
from tablemend.engine.duckdb import Session
from tablemend.errors import StateError
from tablemend.records import CellChange, Proposal, Repair, Run, Snapshot
from tablemend.repair import items, plan, relation
from tablemend.workspace import Workspace

FEW = 200
"""Repairs of the first finding, which are decided together."""
ROWS = 10_000
COLUMNS = ("zip", "customer", "email", "note")
CHECKS = ("typo", "case_variant", "inconsistent_format", "surrounding_space")


def backlog(workspace: Workspace, path: Path, number: int) -> Run:
    """Scan a table of orders, and add repairs until its run has so many items; the first 200 are of one finding."""
    run = workspace.run(workspace.scan(orders_csv(path, ROWS)).run)
    snapshot = workspace.store.datasets.snapshot(run.dataset, run.version)
    table = workspace.snapshots.read(snapshot.hash)
    known = workspace.items(run.id)
    wanted = number - len(known)
    proposals = list(islice(_proposals(table), wanted))
    with Session() as session:
        relation.register(session, table, snapshot.columns)
        repairs = _repairs(session, snapshot, table, proposals)
    if len(repairs) != wanted:
        raise StateError(f"the table has values for {len(repairs):,} repairs, not for {wanted:,}")
    workspace.store.items.put(items.of_repairs(repairs, run=run.id, dataset=run.dataset))
    return run


def _proposals(table: pa.Table) -> Iterator[Proposal]:
    """One for each value of the columns: it gets a mark at its end."""
    for place, column in enumerate(COLUMNS):
        values = [each for each in dict.fromkeys(table[column].to_pylist()) if each]
        for n, value in enumerate(values[:FEW] if place == 0 else values):
            yield Proposal(
                check="pattern_deviation" if place == 0 else CHECKS[n % len(CHECKS)],
                operation="map_values",
                columns=(column,),
                params={"pairs": [[value, f"{value}#"]]},
                confidence=round(0.5 + 0.5 * ((n * 7919) % 1000) / 1000, 4),
                tier=str(n),
                explanation=f"{value} is written in another way elsewhere.",
                evidence=(f"{value!r} stands beside others that end in a mark.",),
            )


def _repairs(session: Session, snapshot: Snapshot, table: pa.Table, proposals: Sequence[Proposal]) -> list[Repair]:
    """Repairs as if each were measured: the first of each column is, the others follow it in all but their value."""
    found: list[Repair] = []
    first: dict[str, Repair] = {}
    places = {column: _places(table, column) for column in COLUMNS}
    for proposal in proposals:
        (column,) = proposal.columns
        if column not in first:
            measured = plan.measure(session, relation.DATA, snapshot.columns, [proposal], dataset=snapshot.dataset)
            (first[column],) = measured
        made = _like(first[column], proposal, snapshot.dataset, places[column])
        if proposal.params == first[column].params and made != first[column]:
            raise StateError(f"a made repair is not as measured: {made} instead of {first[column]}")
        found.append(made)
    return found


def _places(table: pa.Table, column: str) -> dict[str, list[int]]:
    """The rows in which each value of a column stands."""
    found: dict[str, list[int]] = {}
    for row, value in zip(table["_row"].to_pylist(), table[column].to_pylist(), strict=True):
        found.setdefault(value, []).append(row)
    return found


def _like(measured: Repair, proposal: Proposal, dataset: str, places: dict[str, list[int]]) -> Repair:
    (column,) = proposal.columns
    ((before, after),) = proposal.params["pairs"]
    ((old, _),) = measured.params["pairs"]
    rows = places[before]
    sample = [CellChange(row=row, column=column, before=before, after=after) for row in rows[: plan.SAMPLE]]
    return msgspec.structs.replace(
        measured,
        id=plan.repair_id(dataset, proposal),
        check=proposal.check,
        params=proposal.params,
        cells=len(rows),
        rows=len(rows),
        confidence=proposal.confidence,
        tier=proposal.tier,
        explanation=proposal.explanation,
        evidence=proposal.evidence,
        sql=measured.sql.replace(old, before),
        sample=tuple(sample),
    )
