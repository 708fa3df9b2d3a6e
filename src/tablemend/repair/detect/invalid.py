"""Values that cannot be what their column holds: offered for emptying, never guessed at."""

from __future__ import annotations

from collections.abc import Iterator

from tablemend.engine import sql
from tablemend.quality.checks import validity
from tablemend.records import Check, Proposal
from tablemend.repair.detect import cells
from tablemend.repair.workbench import Workbench

CONFIDENCE = 0.3
"""The value is wrong, but empty is seldom right: a person may know better."""

NAMES = frozenset({"type_mismatch", "out_of_range", "impossible_date", "bad_email", "bad_url", "bad_postcode"})

_SHOWN = 5


def detect(bench: Workbench) -> Iterator[Proposal]:
    """Empty the cells that fail a check of validity for which nothing better is known."""
    if bench.profile is None or not bench.rows:
        return
    checks = validity.derive(cells.subject(bench, bench.profile))
    for check in checks:
        if check.name in NAMES and check.columns[0] in bench.columns:
            yield from _proposal(bench, check)


def _proposal(bench: Workbench, check: Check) -> Iterator[Proposal]:
    (column,) = check.columns
    source = f"(SELECT value AS {sql.name(column)}, n AS _tm_n FROM {cells.distincts(bench).source(column)})"
    found = bench.session.rows(
        f"SELECT {sql.name(column)}, sum(_tm_n)::BIGINT AS _tm_sum FROM {source} WHERE {check.predicate} "
        f"GROUP BY ALL ORDER BY _tm_sum DESC, {sql.name(column)}"
    )
    if found:
        total = sum(n for _, n in found)
        shown = ", ".join(repr(value) for value, _ in found[:_SHOWN])
        yield Proposal(
            check=check.name,
            operation="set_null",
            columns=(column,),
            confidence=CONFIDENCE,
            params={"values": [value for value, _ in found]},
            explanation=f"{total} cells cannot stay as they are: {check.message}.",
            evidence=(f"Among them {shown}.",),
            support=total,
        )
