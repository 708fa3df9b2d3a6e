"""Numbers that a column writes in several ways: units, per cent, currency signs, thousands signs."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from tablemend.quality.units import unit_of
from tablemend.records import Proposal
from tablemend.repair.workbench import Distinct, Workbench

_CELL = re.compile(
    r"\s*(?P<head>[^\d\s.+-][^\d]{0,3}?)?\s*(?P<number>[+-]?[\d.,]*\d)\s*(?P<tail>[^\d\s][^\d]{0,24})?\s*"
)
_PLAIN = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_LEADING_ZERO = re.compile(r"\D*0\d")

LEAST_NUMBERS = 0.9
"""Share of the cells that must read as numbers for the column to count as one of numbers."""

LEAST_MIXED = 0.01
"""Share of the cells that must be written in each of two ways for the column to count as mixed."""

MOST_APART = 10
"""Ratio of the medians with and without a unit from which the unit changes what the numbers mean."""

USUAL = 0.8
"""Share of the numbers that one writing of the unit needs for the others to follow it; below, no unit is usual."""

HIGHEST = 0.98


class Number(NamedTuple):
    """How one value writes a number."""

    value: float
    text: str  # of the number alone
    spelling: str  # of the unit; empty for a bare number
    ending: str | None  # the unit as it follows the number, with its space; None where it stands before
    unit: str | None  # that the spelling stands for, if it is known


class Spellings:
    """How the cells of one column write numbers."""

    def __init__(self, cells: int) -> None:
        self.cells = cells
        self.grouped = 0  # numbers with thousands signs
        self.ungrouped = 0  # numbers of a thousand or more without
        self.unread = 0  # cells that are not a number, with or without a unit
        self.unknown = 0  # numbers followed by text that is no known unit
        self.units: dict[str, Counter[str]] = {}  # unit → spelling → cells
        self.endings: Counter[str] = Counter()  # units as they follow the number → cells
        self.bare: list[tuple[float, int]] = []  # value and cells of numbers without a unit
        self.united: list[tuple[float, int]] = []  # the same with one

    def add(self, number: Number | None, count: int) -> None:
        """Count a value."""
        if number is None:
            self.unread += count
            return
        self.grouped += count * ("," in number.text)
        self.ungrouped += count * (abs(number.value) >= 1000 and "," not in number.text)
        if not number.spelling:
            self.bare.append((number.value, count))
        elif number.unit is None:
            self.unknown += count
        else:
            self.united.append((number.value, count))
            self.units.setdefault(number.unit, Counter())[number.spelling] += count
            if number.ending is not None:
                self.endings[number.ending] += count

    @property
    def numbers(self) -> int:
        """Cells that read as numbers."""
        return sum(n for _, n in self.bare) + sum(n for _, n in self.united)

    @property
    def comparable(self) -> bool:
        """Whether numbers with and without the unit are of one size, so that the unit says nothing about them."""
        if not self.bare or not self.united:
            return True
        one, other = sorted((abs(_median(self.bare)), abs(_median(self.united))))
        return other <= MOST_APART * one


def _median(values: list[tuple[float, int]]) -> float:
    """The lower median of values that occur so many times."""
    ordered = sorted(values)
    upto = list(accumulate(count for _, count in ordered))
    return ordered[bisect_left(upto, upto[-1] / 2)][0]


def read(distinct: Distinct) -> Spellings | None:
    """Count the ways of writing; None for a column whose leading zeros show that it holds codes."""
    found = Spellings(distinct.cells)
    for value, count in zip(distinct.values, distinct.counts.tolist(), strict=True):
        number = _number(value)
        if number is not None and _LEADING_ZERO.match(number.text):
            return None
        found.add(number, count)
    return found


def _number(value: str) -> Number | None:
    if _PLAIN.fullmatch(value):
        return Number(float(value), value, "", None, None)
    match = _CELL.fullmatch(value)
    if match is None or not (_PLAIN.fullmatch(match["number"]) or _THOUSANDS.fullmatch(match["number"])):
        return None
    head, tail = (match["head"] or "").strip(), (match["tail"] or "").strip()
    unit = unit_of(head or tail) if not (head and tail) else None
    ending = None if head else value[match.end("number") :].rstrip()
    return Number(float(match["number"].replace(",", "")), match["number"], head + tail, ending, unit)


def detect(workbench: Workbench) -> Iterator[Proposal]:
    """Propose one canonical writing for each column of numbers that uses several."""
    for column in workbench.columns:
        spellings = read(workbench.distinct(column))
        if spellings is not None:
            yield from _propose(column, spellings)


def _propose(column: str, found: Spellings) -> Iterator[Proposal]:
    numbers = found.numbers
    if not numbers or numbers < LEAST_NUMBERS * (numbers + found.unknown + found.unread):
        return
    usual = _usual(found)
    strip = sorted(next(iter(found.units.values()))) if usual else _strip(found)
    thousands = "," if found.grouped and found.ungrouped >= LEAST_MIXED * numbers else ""
    if not strip and not thousands:
        return
    bare = sum(n for _, n in found.bare)
    united = numbers - found.endings[usual] if usual else numbers - bare
    changed = (united if strip else 0) + (found.grouped if thousands else 0)
    yield Proposal(
        check="unit_spelling" if strip else "type_mismatch",
        operation="normalise_number",
        columns=(column,),
        confidence=round(HIGHEST * (1 - found.unknown / (numbers + 1)), 4),
        params=({"strip": strip} if strip else {}) | {"thousands": thousands, "decimal": "."} | _unit(usual),
        explanation=f"Numbers of {column} are written in several ways: {_show(strip)}"
        + (f"; most end in {usual.strip()!r}." if usual else "."),
        evidence=(f"Of {found.cells} cells looked at, {numbers} read as numbers; {bare} of them carry no unit.",),
        support=changed,
    )


def _usual(found: Spellings) -> str:
    """The ending that nearly all numbers have, if some have another one of the same unit; else empty."""
    if len(found.units) != 1 or not found.endings or not found.comparable:
        return ""
    ending, cells = found.endings.most_common(1)[0]
    if sum(_singular(each.strip()) == _singular(ending.strip()) for each in next(iter(found.units.values()))) > 1:
        return ""
    alone = len(next(iter(found.units.values()))) == 1 and not found.bare
    return ending if cells < found.numbers and (alone or cells >= USUAL * found.numbers) else ""


def _unit(usual: str) -> dict[str, object]:
    return {"unit": usual.strip(), "space": usual != usual.lstrip()} if usual else {}


def _strip(found: Spellings) -> list[str]:
    """The unit spellings to remove: of a single unit that is spelled in several ways or only now and then."""
    if len(found.units) != 1 or not found.comparable:
        return []
    (spellings,) = found.units.values()
    often = {_singular(each) for each, count in spellings.items() if count >= LEAST_MIXED * found.numbers}
    mixed = sum(n for _, n in found.bare) >= LEAST_MIXED * found.numbers
    return sorted(spellings) if len(often) > 1 or mixed else []


def _singular(spelling: str) -> str:
    """A plural is not another spelling: 1 day, 2 days."""
    return spelling[:-1] if len(spelling) > 2 and spelling[-1] in "sS" else spelling


def _show(strip: list[str]) -> str:
    return ", ".join(repr(each) for each in strip[:6]) if strip else "with and without thousands signs"
