"""Numbers that a column writes in several ways: units, per cent, currency signs, thousands signs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from tablemend.records import Proposal, Record
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

ALIASES: dict[str, tuple[str, ...]] = {
    "%": ("%", "percent", "per cent", "pct"),
    "$": ("$", "usd", "us$", "dollar", "dollars"),
    "€": ("€", "eur", "euro", "euros"),
    "£": ("£", "gbp", "pound sterling"),
    "oz": ("oz", "ounce", "ounces", "fl oz"),
    "lb": ("lb", "lbs", "pound", "pounds"),
    "kg": ("kg", "kgs", "kilo", "kilos", "kilogram", "kilograms"),
    "g": ("g", "gr", "gram", "grams", "gm"),
    "mg": ("mg", "milligram", "milligrams"),
    "l": ("l", "ltr", "liter", "liters", "litre", "litres"),
    "ml": ("ml", "milliliter", "milliliters", "millilitre", "millilitres"),
    "m": ("m", "meter", "meters", "metre", "metres"),
    "cm": ("cm", "centimeter", "centimeters", "centimetre", "centimetres"),
    "mm": ("mm", "millimeter", "millimeters", "millimetre", "millimetres"),
    "km": ("km", "kms", "kilometer", "kilometers", "kilometre", "kilometres"),
    "mi": ("mi", "mile", "miles"),
    "ft": ("ft", "foot", "feet", "'"),
    "in": ("in", "inch", "inches", '"'),
    "min": ("min", "mins", "minute", "minutes"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "s": ("s", "sec", "secs", "second", "seconds"),
    "year": ("yr", "yrs", "year", "years", "y/o"),
    "day": ("day", "days"),
    "°c": ("°c", "deg c", "celsius"),
    "°f": ("°f", "deg f", "fahrenheit"),
}
"""Spellings of one unit, lower case without full stops."""

_UNIT = {spelling: unit for unit, spellings in ALIASES.items() for spelling in spellings}


class Spellings(Record, frozen=True, kw_only=True):
    """How the cells of one column write numbers."""

    cells: int  # filled cells
    bare: int  # plain numbers
    grouped: int  # numbers with thousands signs
    ungrouped: int  # numbers of a thousand or more without
    units: dict[str, Counter[str]]  # unit → spelling → cells
    unread: int  # cells that are not a number, with or without a unit
    unknown: int  # numbers followed by text that is no known unit


def unit_of(text: str) -> str | None:
    """The unit that a spelling stands for; words after a known unit are taken as a remark on it."""
    plain = text.lower().replace(".", "").strip()
    if plain in _UNIT:
        return _UNIT[plain]
    first = plain.split(" ", 1)[0]
    return _UNIT.get(first) if " " in plain else None


def read(distinct: Distinct) -> Spellings | None:
    """Count the ways of writing; None for a column whose leading zeros show that it holds codes."""
    bare = grouped = ungrouped = unread = unknown = 0
    units: dict[str, Counter[str]] = {}
    for value, count in zip(distinct.values, distinct.counts.tolist(), strict=True):
        if _PLAIN.fullmatch(value):
            bare += count
            ungrouped += count * (len(value.lstrip("+-").split(".")[0]) > 3)
            if _LEADING_ZERO.match(value):
                return None
            continue
        match = _CELL.fullmatch(value)
        number = match["number"] if match else ""
        if not (_PLAIN.fullmatch(number) or _THOUSANDS.fullmatch(number)):
            unread += count
            continue
        if _LEADING_ZERO.match(number):
            return None
        grouped += count * ("," in number)
        ungrouped += count * ("," not in number and len(number.lstrip("+-").split(".")[0]) > 3)
        spelling = ((match["head"] or match["tail"] or "") if match else "").strip()
        if not spelling:
            bare += count
        elif (unit := unit_of(spelling)) and not (match and match["head"] and match["tail"]):
            units.setdefault(unit, Counter())[spelling] += count
        else:
            unknown += count
    return Spellings(
        cells=distinct.cells,
        bare=bare,
        grouped=grouped,
        ungrouped=ungrouped,
        units=units,
        unread=unread,
        unknown=unknown,
    )


def detect(workbench: Workbench) -> Iterator[Proposal]:
    """Propose one canonical writing for each column of numbers that uses several."""
    for column in workbench.columns:
        distinct = workbench.distinct(column)
        spellings = read(distinct)
        if spellings is not None:
            yield from _propose(column, spellings)


def _propose(column: str, found: Spellings) -> Iterator[Proposal]:
    united = sum(sum(each.values()) for each in found.units.values())
    numbers = found.bare + united
    if not numbers or numbers < LEAST_NUMBERS * (numbers + found.unknown + found.unread):
        return
    strip = _strip(found, numbers)
    thousands = "," if found.grouped and found.ungrouped >= LEAST_MIXED * numbers else ""
    if not strip and not thousands:
        return
    changed = (united if strip else 0) + (found.grouped if thousands else 0)
    yield Proposal(
        check="unit_spelling" if strip else "type_mismatch",
        operation="normalise_number",
        columns=(column,),
        confidence=round(0.98 * (1 - found.unknown / (numbers + 1)), 4),
        params={"strip": strip, "thousands": thousands, "decimal": "."},
        explanation=f"{changed} numbers of {column} are written in another way than the rest: {_show(strip)}.",
        evidence=(f"{numbers} of {found.cells} cells read as numbers; {found.bare} of them carry no unit.",),
        support=changed,
    )


def _strip(found: Spellings, numbers: int) -> list[str]:
    """The unit spellings to remove: of a single unit that is spelled in several ways or only now and then."""
    if len(found.units) != 1:
        return []
    (spellings,) = found.units.values()
    often = [each for each, count in spellings.items() if count >= LEAST_MIXED * numbers]
    mixed = found.bare >= LEAST_MIXED * numbers
    return sorted(spellings) if len(often) > 1 or mixed else []


def _show(strip: list[str]) -> str:
    return ", ".join(repr(each) for each in strip[:6]) if strip else "with and without thousands signs"
