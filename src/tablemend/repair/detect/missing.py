"""Words and signs that stand for a missing value."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tablemend.engine import sql
from tablemend.records import Proposal
from tablemend.repair.workbench import Distinct, Workbench

MACHINE = frozenset({"null", "nan", "#n/a", "#na", "#null!", "<na>", "\\n", "(null)", "nil", "undefined", "[null]"})
"""Words that programs write for a missing value and people hardly ever mean."""

PEOPLE = frozenset({"n/a", "n.a.", "n.a", "na", "not available", "not applicable", "missing", "unknown", "none"})
"""Words that people write for a missing value, and that may also be a value."""

SIGNS = frozenset({"-", "--", "---", "?", "??", "???", ".", "..", "*", "_"})

_NUMBER = re.compile(r"\W{0,2}\d[\d.,:/ -]*\W{0,2}[a-zA-Z]{0,3}\.?")

LEAST_NUMBERS = 0.9
"""Share of the other cells that must be numbers, dates or times for words to stand out."""

LONGEST = max(len(each) for each in MACHINE | PEOPLE | SIGNS) + 4

LEAST_ALIKE = 0.5
"""Share of the cells with the length and case of a word from which the word may be a code like them."""


def detect(workbench: Workbench) -> Iterator[Proposal]:
    """Propose to empty the cells that only say that the value is missing."""
    for column in workbench.columns:
        found = _words(workbench, column)
        if found:
            blanks = workbench.one(f"count(*) FILTER (trim(coalesce({sql.name(column)}, '')) = '')")
            distinct = workbench.distinct(column)
            yield from (_proposal(column, value, count, distinct, blanks) for value, count in found)


def _words(workbench: Workbench, column: str) -> list[tuple[str, int]]:
    """The listed words that a column holds, and how often; none begins with a figure, which is cheap to rule out."""
    distinct = workbench.distinct(column)
    if distinct.whole:
        return [(v, n) for v, n in zip(distinct.values, distinct.counts.tolist(), strict=True) if kind(v)]
    name, words = sql.name(column), sql.literals(sorted(MACHINE | PEOPLE | SIGNS))
    return workbench.session.rows(
        f"SELECT {name}, count(*) FROM {sql.name(workbench.relation)} "
        f"WHERE strlen({name}) <= {LONGEST} AND NOT ({name} >= '0' AND {name} < ':') "
        f"AND lower(trim({name})) IN ({words}) GROUP BY 1 ORDER BY 2 DESC, 1"
    )


def kind(value: str) -> str:
    """Which list a value stands on: machine, people, signs, or none of them."""
    plain = value.strip().lower()
    lists = (("machine", MACHINE), ("people", PEOPLE), ("signs", SIGNS))
    return next((name for name, words in lists if plain in words), "")


def _numeric(distinct: Distinct) -> bool:
    others = [(v, n) for v, n in zip(distinct.values, distinct.counts.tolist(), strict=True) if not kind(v)]
    total = sum(n for _, n in others)
    return total > 0 and sum(n for v, n in others if _NUMBER.fullmatch(v)) >= LEAST_NUMBERS * total


def _looks_alike(value: str, distinct: Distinct) -> bool:
    """Whether most other cells have the length and case of the word, so that it may be one of their codes."""
    same = [
        len(other) == len(value) and other.isupper() == value.isupper() and other.isalpha() == value.isalpha()
        for other in distinct.values
    ]
    return float(distinct.counts[same].sum()) > LEAST_ALIKE * max(distinct.cells, 1)


def _confidence(value: str, *, numeric: bool, blanks: bool, alike: bool) -> float:
    """A word in a column of numbers can hardly be a value; elsewhere it needs true blanks beside it."""
    if alike:
        return 0.4
    if numeric:
        return 0.96
    return {
        "machine": 0.9 if blanks else 0.7,
        "people": 0.48 if blanks else 0.4,
        "signs": 0.48 if blanks else 0.45,
    }[kind(value)]


def _proposal(column: str, value: str, count: int, distinct: Distinct, blanks: int) -> Proposal:
    numeric = _numeric(distinct)
    why = "the other cells are numbers" if numeric else f"{blanks} other cells are truly empty"
    return Proposal(
        check="disguised_missing",
        operation="set_null",
        columns=(column,),
        confidence=_confidence(value, numeric=numeric, blanks=blanks > 0, alike=_looks_alike(value, distinct)),
        params={"values": [value]},
        tier=value,
        explanation=f"{count} cells of {column} hold {value!r}, which says that the value is missing.",
        evidence=(f"In {column}, {why}.",),
        support=count,
    )
