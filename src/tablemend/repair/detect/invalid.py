"""Values that cannot be what their column holds: offered for emptying, never guessed at."""

from __future__ import annotations

from collections.abc import Iterator

from tablemend.engine import sql
from tablemend.quality.checks import validity
from tablemend.quality.checks.completeness import sentinels
from tablemend.quality.checks.consistency import sign_checks
from tablemend.quality.checks.subject import Subject
from tablemend.quality.expressions import number
from tablemend.records import Check, ColumnProfile, Proposal
from tablemend.repair.detect import cells
from tablemend.repair.workbench import Workbench

CONFIDENCE = 0.3
"""The value is wrong, but empty is seldom right: a person may know better."""

SENTINEL = 0.85
"""A repeated 9999 beyond every fence is a code in all but odd cases."""

SIGN = 0.45
"""A negative number may also be a correction or a refund."""

NAMES = frozenset({"type_mismatch", "out_of_range", "impossible_date", "bad_email", "bad_url", "bad_postcode"})

_SHOWN = 5


def detect(bench: Workbench) -> Iterator[Proposal]:
    """Empty the cells that fail a check of validity for which nothing better is known."""
    if bench.profile is None or not bench.rows:
        return
    subject = cells.subject(bench, bench.profile)
    for check in validity.derive(subject):
        if check.name in NAMES and check.columns[0] in bench.columns:
            yield from _proposal(bench, check)
    for column in bench.profile.columns:
        if column.name in bench.columns:
            yield from _sentinels(subject, column)
            yield from _signs(subject, column)


def _sentinels(subject: Subject, column: ColumnProfile) -> Iterator[Proposal]:
    numbers = sentinels(subject, column)
    if numbers:
        listed = ", ".join(numbers)
        yield Proposal(
            check="disguised_missing",
            operation="set_null",
            columns=(column.name,),
            confidence=SENTINEL,
            params={"values": list(numbers)},
            tier="numbers",
            explanation=f"{column.name} holds {listed} far beyond all other numbers: it stands for missing.",
            evidence=(f"The 5 % and 95 % quantiles are {column.quantiles[0]:.6g} and {column.quantiles[-1]:.6g}.",),
            support=sum(subject.cells(column.name, *(f"trim(value) = {sql.literal(each)}" for each in numbers))),
        )


def _signs(subject: Subject, column: ColumnProfile) -> Iterator[Proposal]:
    for check in sign_checks(subject, column):
        yield Proposal(
            check="sign",
            operation="replace_pattern",
            columns=(column.name,),
            confidence=SIGN,
            params={"pattern": r"^\s*-", "replacement": ""},
            explanation=f"{check.message}; without the sign they are as large as the others.",
            evidence=(f"{column.name} usually lies between {check.params['low']:.6g} and {check.params['high']:.6g}.",),
            support=sum(subject.cells(column.name, f"{number('value')} < 0")),
        )


def _proposal(bench: Workbench, check: Check) -> Iterator[Proposal]:
    (column,) = check.columns
    source = f"(SELECT value AS {sql.name(column)}, n AS _tm_n FROM {bench.distincts.source(column)})"
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
