"""Values that the column usually spells in another case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from tablemend.records import Alternative, Proposal, Record
from tablemend.repair.workbench import Distinct, Workbench

LEAST_RATIO = 2.0
"""How many times more frequent the usual spelling must be, unless the case of the whole column decides."""

LEAST_STYLE = 0.9
"""Share of the other cells that must be in one case for that case to decide."""

HIGHEST = 0.97
STYLED = 0.75
"""Least confidence where the case of the whole column decides between spellings."""

_TEXTS = frozenset({"text", "category", "identifier"})


def _title(value: str) -> str:
    return " ".join(word[:1].upper() + word[1:].lower() for word in value.split(" "))


STYLES: dict[str, Callable[[str], str]] = {"lower": str.lower, "upper": str.upper, "title": _title}
"""Cases as the operation `change_case` writes them."""


class Variant(Record, frozen=True, kw_only=True):
    """A spelling, the one that is usual instead, and how often each occurs."""

    spelling: str
    usual: str
    n: int
    most: int


def detect(bench: Workbench) -> Iterator[Proposal]:
    """A change of case where that is all it takes, else a map from unusual to usual spellings."""
    semantics = {column.name: column.semantic for column in bench.profile.columns} if bench.profile else {}
    for column in bench.columns:
        if semantics.get(column, "text") not in _TEXTS:
            continue
        distinct = bench.distinct(column)
        variants = find(distinct)
        if variants:
            yield _proposal(column, variants, _single_style(distinct, variants))


def find(distinct: Distinct) -> list[Variant]:
    """Spellings that differ by case alone from one that is clearly more usual."""
    spellings: dict[str, dict[str, int]] = defaultdict(dict)
    for value, n in zip(distinct.values, distinct.counts.tolist(), strict=True):
        spellings[value.lower()][value] = n
    several = [group for group in spellings.values() if len(group) > 1]
    if not several:
        return []
    style = _style([group for group in spellings.values() if len(group) == 1])
    return [variant for group in several for variant in _variants(group, style)]


def _style(groups: list[dict[str, int]]) -> str | None:
    """The case of nearly all values that are spelled in one way only and have letters."""
    lettered = [(value, n) for group in groups for value, n in group.items() if value.lower() != value.upper()]
    total = sum(n for _, n in lettered)
    for name, write in STYLES.items():
        if total and sum(n for value, n in lettered if write(value) == value) >= LEAST_STYLE * total:
            return name
    return None


def _variants(group: Mapping[str, int], style: str | None) -> Iterator[Variant]:
    usual, most = max(group.items(), key=lambda each: (each[1], each[0]))
    others = {spelling: n for spelling, n in group.items() if spelling != usual}
    if any(most < LEAST_RATIO * n for n in others.values()):
        written = STYLES[style](usual) if style else usual
        if style is None or written not in group:
            return
        usual, most = written, group[written]
        others = {spelling: n for spelling, n in group.items() if spelling != usual}
    for spelling, n in others.items():
        yield Variant(spelling=spelling, usual=usual, n=n, most=most)


def _single_style(distinct: Distinct, variants: list[Variant]) -> str | None:
    """The case that writes every variant as usual and changes nothing else."""
    wanted = {variant.spelling: variant.usual for variant in variants}
    for name, write in STYLES.items():
        if all(write(value) == wanted.get(value, value) for value in distinct.values):
            return name
    return None


def _proposal(column: str, variants: list[Variant], style: str | None) -> Proposal:
    pairs = [[variant.spelling, variant.usual] for variant in variants]
    cells = sum(variant.n for variant in variants)
    first = variants[0]
    as_map = Alternative(operation="map_values", params={"pairs": pairs}, label="value by value")
    return Proposal(
        check="case_variant",
        operation="change_case" if style else "map_values",
        columns=(column,),
        confidence=confidence(variants, style),
        params={"case": style} if style else {"pairs": pairs},
        tier="case",
        explanation=f"{cells} values of {column} are usually spelled in another case.",
        evidence=(f"{first.usual!r} occurs {first.most} times, {first.spelling!r} {first.n} times.",),
        alternatives=(as_map,) if style else (),
        support=cells,
    )


def confidence(variants: list[Variant], style: str | None) -> float:
    """Share of cells that have the usual spelling among those concerned (rule of succession); higher in one case."""
    most = sum({variant.usual: variant.most for variant in variants}.values())
    cells = sum(variant.n for variant in variants)
    share = (most + 1) / (most + cells + 2)
    if style:
        return min(HIGHEST, max(share, 0.9))
    return min(HIGHEST, max(share, STYLED) if any(each.most < LEAST_RATIO * each.n for each in variants) else share)
