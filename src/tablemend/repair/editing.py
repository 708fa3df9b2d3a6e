"""Editing an item: another operation or other parameters, measured anew."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
import pyarrow as pa

from tablemend.engine.duckdb import Session
from tablemend.errors import DecisionRefused, RepairError
from tablemend.records import Column, Item, Proposal, Repair
from tablemend.repair import items, operations, plan, relation


def edited(
    session: Session,
    table: pa.Table,
    columns: tuple[Column, ...],
    item: Item,
    *,
    operation: str | None,
    params: Mapping[str, Any] | None,
    alternative: int | None,
) -> Item:
    """The item with another operation or parameters, under the same id."""
    if item.applied:
        raise DecisionRefused(f"{item.id} is already applied in {item.applied}", hint="Undo that first.")
    repair = items.repair_of(item)
    chosen, given = _choice(repair, operation, params, alternative)
    operations.validate(chosen, given)
    proposal = Proposal(
        check=repair.check,
        operation=chosen,
        columns=repair.columns,
        params=dict(given),
        confidence=repair.confidence if chosen == repair.operation and given == repair.params else 0.0,
        tier=repair.tier,
        explanation=f"{operations.operation(chosen).help} Chosen by a person instead of {repair.operation}.",
        alternatives=repair.alternatives,
        flags=tuple(flag for flag in repair.flags if flag in ("key_column", "low_support")),
    )
    relation.register(session, table, columns)
    found = plan.measure(session, relation.DATA, columns, [proposal], dataset=item.dataset)
    measured = msgspec.structs.replace(plan.require_change(found, f"{chosen} on {item.title}"), id=item.id)
    (made,) = items.of_repairs([measured], run=item.run, dataset=item.dataset)
    return made


def fingerprint(params: Mapping[str, Any] | None) -> str:
    """Tells apart a person's proposals of one operation on the same columns."""
    return hashlib.sha256(msgspec.json.encode(params or {}, order="deterministic")).hexdigest()[:8] if params else ""


def proposed(
    session: Session,
    table: pa.Table,
    columns: tuple[Column, ...],
    proposal: Proposal,
    *,
    run: str,
    dataset: str,
) -> Item:
    """A person's own repair as an item; NothingToChange where it changes nothing."""
    operations.validate(proposal.operation, proposal.params)
    relation.register(session, table, columns)
    found = plan.measure(session, relation.DATA, columns, [proposal], dataset=dataset)
    measured = plan.require_change(found, f"{proposal.operation} on {', '.join(proposal.columns) or 'rows'}")
    (made,) = items.of_repairs([measured], run=run, dataset=dataset)
    return made


def _choice(
    repair: Repair, operation: str | None, params: Mapping[str, Any] | None, alternative: int | None
) -> tuple[str, Mapping[str, Any]]:
    if alternative is not None:
        if not 1 <= alternative <= len(repair.alternatives):
            raise RepairError(
                f"{repair.id} has no alternative {alternative}",
                hint=f"It has {len(repair.alternatives)}; `tablemend items --id {repair.id}` lists them.",
            )
        other = repair.alternatives[alternative - 1]
        return other.operation, dict(other.params) | dict(params or {})
    if operation is not None and operation != repair.operation:
        return operation, dict(params or {})
    return repair.operation, repair.params | dict(params or {})
