"""From proposals to repairs: each measured exactly against the snapshot it would change."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec

from tablemend.engine import sql
from tablemend.engine.duckdb import Session
from tablemend.errors import NothingToChange
from tablemend.records import CellChange, Column, Profile, Proposal, Repair
from tablemend.repair import operations, rows, script, structure
from tablemend.repair.compose import Candidate, Step, candidates
from tablemend.repair.untouchable import require_writable
from tablemend.repair.verification import require

SAMPLE = 5
"""Cells shown with a repair."""

_WIDTH = 24  # candidates measured in one pass; each map among them is a join
_MANY = 0.2  # share of the rows from which a repair is flagged as touching many


def repair_id(dataset: str, proposal: Proposal) -> str:
    """Stable id of a repair: of the dataset, check, columns, keys, operation and tier, not of the data."""
    keys = proposal.params.get("keys") or ()
    parts = (dataset, proposal.check, *proposal.columns, proposal.operation, proposal.tier, *keys)
    return "i" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:10]


def step(proposal: Proposal | Repair, identity: str = "") -> Step:
    """What a proposal or repair carries out."""
    return Step(
        id=identity or getattr(proposal, "id", ""),
        operation=proposal.operation,
        columns=proposal.columns,
        params=proposal.params,
    )


def measure(
    session: Session,
    relation: str,
    columns: Sequence[Column],
    proposals: Sequence[Proposal],
    *,
    dataset: str,
    profile: Profile | None = None,
) -> list[Repair]:
    """Exact cells, rows, sample and SQL of each proposal, alone on the relation.

    A proposal that changes nothing is left out; `require_change` makes that an error where a person asked for it.
    """
    for each in proposals:
        require_writable(each, columns)
    names = [column.name for column in columns]
    total = int(session.one(f"SELECT count(*) FROM {sql.name(relation)}")[0])
    keys = {key for each in (profile.keys if profile else ()) for key in each}
    semantic = {column.name: column.semantic for column in profile.columns} if profile else {}
    repairs = []
    measured = measure_steps(session, relation, names, [step(each, str(i)) for i, each in enumerate(proposals)])
    for proposal, (cells, affected, sample) in zip(proposals, measured, strict=True):
        if not cells and not affected:
            continue
        chosen = operations.operation(proposal.operation)
        repairs.append(
            Repair(
                id=repair_id(dataset, proposal),
                check=proposal.check,
                operation=proposal.operation,
                columns=proposal.columns,
                params=proposal.params,
                phase=chosen.phase,
                cells=cells,
                rows=affected,
                confidence=round(min(max(proposal.confidence, 0.0), 1.0), 4),
                tier=proposal.tier,
                explanation=proposal.explanation,
                evidence=proposal.evidence,
                alternatives=proposal.alternatives,
                flags=_flags(proposal, affected, total, keys),
                sql=script.statement(step(proposal), columns),
                sample=tuple(sample),
                semantic=semantic.get(proposal.columns[0], "") if proposal.columns else "",
                support=proposal.support,
            )
        )
    return repairs


def require_change(repairs: Sequence[Repair], what: str) -> Repair:
    """The one repair that was asked for; `NothingToChange` where it changes nothing."""
    if not repairs:
        raise NothingToChange(f"{what} would change nothing", hint="Choose other columns or parameters.")
    return repairs[0]


def content(repair: Repair) -> str:
    """Hash of what a decision on the repair covers."""
    parts = (repair.operation, repair.columns, repair.params, repair.cells, repair.rows, repair.sample)
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:24]


def _flags(proposal: Proposal, affected: int, total: int, keys: set[str]) -> tuple[str, ...]:
    flags = dict.fromkeys(proposal.flags)
    if total and affected > _MANY * total:
        flags["many_rows"] = None
    if proposal.operation in operations.IRREVERSIBLE:
        flags["irreversible"] = None
    if keys & set(proposal.columns) and operations.operation(proposal.operation).kind != "rows":
        flags["key_column"] = None
    if 0 < proposal.support < 3:
        flags["low_support"] = None
    return tuple(flags)


Measured = tuple[int, int, list[CellChange]]


def measure_steps(session: Session, relation: str, names: Sequence[str], steps: Sequence[Step]) -> list[Measured]:
    """Cells, rows and a sample of what each step would change if it were alone."""
    for each in steps:
        require(session, relation, names, each)
    found: dict[int, Measured] = {}
    for position, each in enumerate(steps):
        kind = operations.validate(each.operation, each.params).kind
        if kind == "rows":
            found[position] = _measure_rows(session, relation, names, each)
        elif kind == "columns":
            found[position] = _measure_columns(session, relation, each)
    cellwise = candidates(session, steps)
    for chunk in _chunks(cellwise):
        _measure_cells(session, relation, chunk, found)
    return [found.get(position, (0, 0, [])) for position in range(len(steps))]


def _chunks(members: Sequence[Candidate]) -> Iterator[list[Candidate]]:
    """Candidates in passes of bounded width; those of one step stay together, as their rows are counted once."""
    chunk: list[Candidate] = []
    for _, group in groupby(members, key=lambda each: each.step):
        chunk += group
        if len(chunk) >= _WIDTH:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _measure_cells(session: Session, relation: str, members: Sequence[Candidate], found: dict[int, Measured]) -> None:
    """Count, in one pass, the cells and rows that each step would change."""
    differs = [f"_tm_p{i} IS DISTINCT FROM {sql.name(each.column)}" for i, each in enumerate(members)]
    values = ", ".join(f"{each.value} AS _tm_p{i}" for i, each in enumerate(members))
    joins = " ".join(each.join for each in members)
    places = {step: list(group) for step, group in groupby(range(len(members)), key=lambda i: members[i].step)}
    selected = []
    for group in places.values():
        selected.append(" + ".join(f"count(*) FILTER ({differs[i]})" for i in group))
        selected.append("count(*) FILTER (" + " OR ".join(differs[i] for i in group) + ")")
        selected += [_first(members[i], i, differs[i]) for i in group]
    given = f"SELECT t.*, {values} FROM {sql.name(relation)} AS t {joins}"
    row = iter(session.one(f"SELECT {', '.join(selected)} FROM ({given})"))
    for step, group in places.items():
        cells, affected, sample = int(next(row)), int(next(row)), list[CellChange]()
        for i in group:
            sample += [
                CellChange(row=each["r"], column=members[i].column, before=each["b"], after=each["a"])
                for each in next(row) or ()
            ]
        found[step] = (cells, affected, sample[:SAMPLE])


def _first(candidate: Candidate, number: int, differs: str) -> str:
    """SQL of the first cells, by row, that a candidate changes."""
    cell = f"{{'r': _row, 'b': {sql.name(candidate.column)}, 'a': _tm_p{number}}}"
    return f"min({cell}, {SAMPLE}) FILTER ({differs})"


def _measure_rows(session: Session, relation: str, names: Sequence[str], each: Step) -> Measured:
    """Rows that go, and the cells that a merge fills in those that stay."""
    merges = rows.remove(session, relation, names, [(0, each)])
    gone = f"SELECT _row FROM {rows.REMOVED}"
    every = " UNION ALL ".join([gone, *(f"SELECT _row FROM {merge.relation}" for merge in merges)])
    cells, affected = session.one(f"SELECT count(*), count(DISTINCT _row) FROM ({every})")
    removed = int(session.one(f"SELECT count(*) FROM {rows.REMOVED}")[0])
    sample = [
        CellChange(row=row, column="", before="row", after=None)
        for (row,) in session.rows(f"{gone} ORDER BY _row LIMIT {SAMPLE}")
    ]
    return int(cells) - removed, int(affected), sample


def _measure_columns(session: Session, relation: str, each: Step) -> Measured:
    """Filled cells of the columns that go, or of those that come."""
    gone = each.operation == "drop_column"
    made = [(column, sql.name(column)) for column in each.columns] if gone else structure.new_columns(each)
    values = ", ".join(f"{value} AS v{i}" for i, (_, value) in enumerate(made))
    source = f"(SELECT _row, {values} FROM {sql.name(relation)})"
    counts = " + ".join(f"count(v{i})" for i in range(len(made)))
    some = " OR ".join(f"v{i} IS NOT NULL" for i in range(len(made)))
    cells, affected = session.one(f"SELECT {counts}, count(*) FILTER ({some}) FROM {source}")
    sample = [
        CellChange(row=row, column=name, before=value if gone else None, after=None if gone else value)
        for i, (name, _) in enumerate(made)
        for row, value in session.rows(
            f"SELECT _row, v{i} FROM {source} WHERE v{i} IS NOT NULL ORDER BY 1 LIMIT {SAMPLE}"
        )
    ]
    return int(cells), int(affected), sample[:SAMPLE]


def count_alone(session: Session, relation: str, columns: Sequence[Column], steps: Sequence[Step]) -> dict[str, int]:
    """Cells and rows that each step would change if it were alone."""
    names = [column.name for column in columns]
    measured = measure_steps(session, relation, names, steps)
    return {each.id: cells + affected for each, (cells, affected, _) in zip(steps, measured, strict=True)}
