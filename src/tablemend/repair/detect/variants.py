"""One value in several spellings that differ in punctuation, accents or the order of words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from tablemend.records import Proposal
from tablemend.repair.workbench import Distinct, Workbench

CLEAR_RATIO = 10
"""How many times more frequent the usual spelling must be for the others to be clearly mistakes."""

MOST_VALUES = 20_000
"""Distinct values beyond which a column is not compared."""

LEAST_LETTERS = 5
"""Letters below which punctuation may tell values apart, as in grades: `B` and `B-`."""

LONGEST = 80
"""Characters beyond which a value is prose, whose punctuation is its own."""

_BETWEEN_LETTERS = re.compile(r"(?<=[^\W\d_])[.'’`]+(?=[^\W\d_]|\b|$)")
_NO_WORD = re.compile(r"[^\w&+%$€£#@]+")

Pair = tuple[str, str, int]


def detect(workbench: Workbench) -> Iterator[Proposal]:
    """Propose the most frequent spelling for each cluster, surer where it is clearly the usual one."""
    for column in workbench.columns:
        if workbench.repeats(column) and len(workbench.distinct(column).values) <= MOST_VALUES:
            clear, unclear = _pairs(workbench.distinct(column))
            yield from _proposal(column, clear, "usual", 0.8)
            yield from _proposal(column, unclear, "rival", 0.45)


def fingerprint(value: str) -> str:
    """The words of a value in alphabetical order, without case, accents and punctuation; figures keep theirs."""
    plain = unicodedata.normalize("NFKD", value.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join(sorted(_NO_WORD.sub(" ", _BETWEEN_LETTERS.sub("", plain)).split()))


def _same_letters(one: str, other: str) -> bool:
    """Whether two values differ in case and white space only, which other detectors see to."""
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())


def _pairs(distinct: Distinct) -> tuple[list[Pair], list[Pair]]:
    """Old and new spelling with the cells of the old one: where the new one is clearly usual, and where it is not."""
    clusters: dict[str, list[tuple[str, int]]] = {}
    for value, count in zip(distinct.values, distinct.counts.tolist(), strict=True):
        if len(value) <= LONGEST and sum(c.isalpha() for c in value) >= LEAST_LETTERS:
            clusters.setdefault(fingerprint(value), []).append((value, count))
    clear: list[Pair] = []
    unclear: list[Pair] = []
    for (usual, most), *others in clusters.values():
        for value, count in others:
            if not _same_letters(value, usual) and count < most:
                (clear if most >= CLEAR_RATIO * count else unclear).append((value, usual, count))
    return clear, unclear


def _proposal(column: str, pairs: list[Pair], tier: str, confidence: float) -> Iterator[Proposal]:
    if not pairs:
        return
    cells = sum(count for *_, count in pairs)
    old, new, _ = pairs[0]
    yield Proposal(
        check="spelling_variant",
        operation="map_values",
        columns=(column,),
        confidence=confidence,
        params={"pairs": [[old, new] for old, new, _ in pairs]},
        tier=tier,
        explanation=f"{cells} cells of {column} spell a value in another way than most, such as {old!r} for {new!r}.",
        evidence=(f"{len(pairs)} spellings have the words of a more frequent one.",),
        support=cells,
    )
