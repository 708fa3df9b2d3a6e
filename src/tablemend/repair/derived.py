"""Checks that only a correction can state: a typo fails because the value it stands for is known."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from tablemend.engine import sql
from tablemend.quality.vocabulary import CHECKS
from tablemend.records import Check, Proposal
from tablemend.repair import expressions, operations, script
from tablemend.repair.detection import LIKELY
from tablemend.repair.plan import step


def checks(proposals: Iterable[Proposal], known: Sequence[Check]) -> list[Check]:
    """One check for each name and column that likely proposals speak of and no known check covers."""
    covered = {(check.name, column) for check in known for column in check.columns}
    grouped: dict[tuple[str, str], list[Proposal]] = {}
    for proposal in proposals:
        if proposal.confidence < LIKELY or operations.operation(proposal.operation).kind not in ("expression", "map"):
            continue
        column = step(proposal).keys[-1]
        if proposal.check in CHECKS and (proposal.check, column) not in covered:
            grouped.setdefault((proposal.check, column), []).append(proposal)
    return [_check(name, column, members) for (name, column), members in grouped.items()]


def _check(name: str, column: str, members: Sequence[Proposal]) -> Check:
    kind = CHECKS[name]
    reads = tuple(sorted({key for each in members for key in step(each).keys} - {column}))
    condition = " OR ".join(_condition(each, column) for each in members)
    return Check(
        id=hashlib.sha256("\0".join(("derived", name, column)).encode()).hexdigest()[:16],
        name=name,
        dimension=kind.dimension,
        columns=(column,),
        severity=kind.severity,
        predicate=None if reads else condition,
        query=f"SELECT _row FROM {{data}} AS d WHERE {condition}" if reads else None,
        reads=reads,
        message=f"{column}: {kind.help}",
    )


def _condition(proposal: Proposal, column: str) -> str:
    """SQL that holds for the cells that a proposal would change."""
    each, quoted = step(proposal), sql.name(column)
    if operations.operation(proposal.operation).kind == "expression":
        return f"({expressions.expression(proposal.operation, column, proposal.params)}) IS DISTINCT FROM {quoted}"
    pairs = each.params["pairs"]
    if each.keys == (column,) and all(pair[0] is not None for pair in pairs):
        return f"{quoted} IN ({sql.literals(pair[0] for pair in pairs)})"
    values = ", ".join(f"({script.literals(each, pair[:-1])})" for pair in pairs)
    names = ", ".join(f"k{i}" for i in range(len(each.keys)))
    match = " AND ".join(f"d.{sql.name(key)} IS NOT DISTINCT FROM m.k{i}" for i, key in enumerate(each.keys))
    return f"EXISTS (SELECT 1 FROM (VALUES {values}) AS m({names}) WHERE {match})"
