"""Repairs as items of the review."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tablemend.quality.vocabulary import CHECKS
from tablemend.records import Claim, Evidence, Item, Repair
from tablemend.repair import operations, plan


def of_repairs(repairs: Iterable[Repair], *, run: str, dataset: str) -> list[Item]:
    """An item for each repair."""
    return [_item(repair, run, dataset) for repair in repairs]


def _item(repair: Repair, run: str, dataset: str) -> Item:
    whole_rows = operations.operation(repair.operation).kind == "rows"
    what = f"{repair.rows:,} rows" if whole_rows else f"{repair.cells:,} cells"
    kind = CHECKS.get(repair.check)
    claim = Claim(id=f"{repair.id}-1", text=repair.explanation or operations.operation(repair.operation).help)
    return Item(
        id=repair.id,
        run=run,
        type="repair",
        dataset=dataset,
        title=f"{repair.operation} {', '.join(repair.columns) or 'rows'}: {what}",
        summary=repair.explanation,
        check=repair.check,
        operation=repair.operation,
        columns=repair.columns,
        dimension=kind.dimension if kind else "",
        confidence=repair.confidence,
        cells=repair.cells,
        rows=repair.rows,
        flags=repair.flags,
        content=plan.content(repair),
        claims=(claim,),
        evidence=tuple(
            Evidence(id=f"{repair.id}-e{n}", text=text, source=repair.check, claims=(claim.id,))
            for n, text in enumerate(repair.evidence, start=1)
        ),
        body=msgspec.to_builtins(repair),
    )


def repair_of(item: Item) -> Repair:
    """The repair that an item holds."""
    return msgspec.convert(item.body, Repair)
