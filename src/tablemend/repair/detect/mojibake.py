"""Text that was decoded with the wrong encoding, put right by ftfy (Speer 2019)."""

from __future__ import annotations

from collections.abc import Iterator

from tablemend.records import Proposal
from tablemend.repair.detect import irregular
from tablemend.repair.workbench import Workbench

CONFIDENCE = 0.96
"""ftfy changes text only where it is sure; a value that merely looks garbled stays."""

_LOST = "\ufffd"
"""The replacement character: what stood there is gone, and nothing can restore it."""


def detect(bench: Workbench) -> Iterator[Proposal]:
    """A map from garbled values to what they were, one proposal a column."""
    for column in bench.columns:
        garbled = [each for each in irregular.values(bench, column) if each.garbled]
        pairs = [[each.value, fixed] for each in garbled if (fixed := repaired(each.value)) != each.value]
        cells = sum(each.n for each in garbled if repaired(each.value) != each.value)
        if pairs:
            yield _proposal(column, pairs, cells)


def repaired(value: str) -> str:
    """The value decoded as it was meant; itself where that is not certain or characters are lost."""
    import ftfy

    fixed = ftfy.fix_encoding(value)
    return value if _LOST in fixed else fixed


def _proposal(column: str, pairs: list[list[str]], cells: int) -> Proposal:
    old, new = pairs[0]
    return Proposal(
        check="mojibake",
        operation="fix_mojibake",
        columns=(column,),
        confidence=CONFIDENCE,
        params={"pairs": pairs},
        explanation=f"{cells} values of {column} were decoded with the wrong encoding.",
        evidence=(f"{old!r} reads {new!r} once decoded as it was written.",),
        support=cells,
    )
