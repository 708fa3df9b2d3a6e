"""Numbers far outside the bulk of their column."""

from __future__ import annotations

from collections.abc import Iterator

from tablemend.engine import sql
from tablemend.quality.checks.plausibility import outlier_checks, suspected
from tablemend.quality.expressions import number
from tablemend.quality.thresholds import DEFAULT
from tablemend.records import Alternative, Check, Proposal
from tablemend.repair.detect import cells
from tablemend.repair.workbench import Workbench

CONFIDENCE = 0.2
"""A fence is hardly ever the value that was meant: shown to people, never applied unasked."""


def detect(bench: Workbench) -> Iterator[Proposal]:
    """Cap outliers at the fences of the check, or empty them instead."""
    if bench.profile is None:
        return
    columns = [each for each in bench.profile.columns if each.name in bench.columns and suspected(each, DEFAULT)]
    subject = cells.subject(bench, bench.profile)
    for column in columns:
        for check in outlier_checks(subject, column):
            yield from _proposals(bench, check)


def _proposals(bench: Workbench, check: Check) -> Iterator[Proposal]:
    (column,) = check.columns
    count, lowest, highest = bench.session.one(
        f"SELECT count(*), min({number(sql.name(column))}), max({number(sql.name(column))}) "
        f"FROM {sql.name(bench.relation)} WHERE {check.predicate}"
    )
    if count:
        low, high = check.params["low"], check.params["high"]
        yield Proposal(
            check="outlier",
            operation="cap",
            columns=(column,),
            confidence=CONFIDENCE,
            params={"low": low, "high": high},
            explanation=f"{count} numbers of {column} lie outside {low:.6g} to {high:.6g}.",
            evidence=(
                f"They reach from {lowest:.6g} to {highest:.6g}.",
                "Tukey's outer fences and 3.5 median absolute deviations agree on them.",
            ),
            alternatives=(
                Alternative(operation="set_null", params={"predicate": check.predicate}, label="empty them"),
            ),
            flags=("distribution_shift",),
            support=count,
        )
