"""White space around values and doubled inside them."""

from __future__ import annotations

from collections.abc import Iterator

from tablemend.records import Alternative, Proposal
from tablemend.repair.detect import irregular
from tablemend.repair.workbench import Workbench

TRIM = 0.98
"""White space at the ends of a value is hardly ever meant."""

FOLD = 0.95
"""Doubled white space may lay out a text, which is rare in the cells of a table."""


def detect(bench: Workbench) -> Iterator[Proposal]:
    """One proposal a column: to trim, or to fold where inner white space is doubled too."""
    for column in bench.columns:
        found = irregular.values(bench, column)
        outer = sum(each.n for each in found if each.outer)
        double = sum(each.n for each in found if each.double)
        if double:
            yield _fold(column, outer, double)
        elif outer:
            yield _trim(column, outer)


def _trim(column: str, outer: int) -> Proposal:
    return Proposal(
        check="outer_space",
        operation="trim",
        columns=(column,),
        confidence=TRIM,
        explanation=f"White space stands before or after {outer} values of {column}.",
        evidence=(f"{outer} cells differ from their trimmed value.",),
        alternatives=(Alternative(operation="fold_space", label="also fold white space inside"),),
        support=outer,
    )


def _fold(column: str, outer: int, double: int) -> Proposal:
    return Proposal(
        check="double_space",
        operation="fold_space",
        columns=(column,),
        confidence=FOLD,
        explanation=f"White space is doubled inside {double} values of {column}, and stands around {outer}.",
        evidence=(f"{double} cells hold two or more white-space characters in a row.",),
        alternatives=(Alternative(operation="trim", label="only at the ends"),) if outer else (),
        support=double + outer,
    )
