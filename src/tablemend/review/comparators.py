"""What each comparator of a condition asks of a value, and how the answer reads in words."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tablemend.review.fields import Field


class Comparator(NamedTuple):
    """Both take a value that was measured."""

    holds: Callable[[Any], bool]
    words: Callable[[Any, bool], str]  # of a value that holds or does not


def comparator(name: str, field: Field, wanted: Any) -> Comparator:
    """What a comparator with its operand asks of a field."""
    if name in _BOUNDS:
        return _counted(field, name, wanted) if field.kind == "set" else _bound(field.name, name, wanted)
    if name == "is":
        return _is(field, wanted if isinstance(wanted, tuple) else (wanted,))
    if field.kind == "text":
        return _is_none_of(field, wanted)
    return _any_of(field, wanted) if name == "any_of" else _none_of(field, wanted)


def figure(value: float) -> str:
    """A number as people write it: six digits, or all of them where six would hide something."""
    if value == int(value):
        return str(int(value))
    short = f"{value:g}"
    return short if abs(float(short) - value) < abs(value) * 1e-9 else repr(value)


_Compare = Callable[[float, float], bool]
_BOUNDS: Mapping[str, tuple[_Compare, str, str]] = {
    "at_least": (operator.ge, "is at least", "is below"),
    "at_most": (operator.le, "is at most", "is above"),
    "above": (operator.gt, "is above", "is not above"),
    "below": (operator.lt, "is below", "is not below"),
}
"""How each bound compares, and what is said where it holds and where it fails."""


def _bound(label: str, name: str, limit: float) -> Comparator:
    compare, holds, fails = _BOUNDS[name]
    yes, no = f"{holds} {figure(limit)}", f"{fails} {figure(limit)}"

    def words(value: float, held: bool) -> str:
        shown = str(value) if isinstance(value, int) else f"{value:g}"
        if compare(float(shown), limit) != held:  # six digits must not seem to say the opposite
            shown = repr(value)
        return f"{label} {shown} {yes if held else no}"

    return Comparator(lambda value: compare(value, limit), words)


def _counted(field: Field, name: str, limit: float) -> Comparator:
    holds, words = _bound(f"number of {field.name}", name, limit)
    return Comparator(lambda members: holds(len(members)), lambda members, held: words(len(members), held))


def _is(field: Field, values: tuple[str | float, ...]) -> Comparator:
    text, many = ", ".join(each if isinstance(each, str) else figure(each) for each in values), len(values) > 1
    yes, no = f", one of {text}" if many else "", f", none of {text}" if many else f", not {text}"

    def words(value: str | float, held: bool) -> str:
        return f"{field.name} is {value if isinstance(value, str) else repr(value)}{yes if held else no}"

    return Comparator(lambda value: value in values, words)


def _is_none_of(field: Field, unwanted: tuple[str, ...]) -> Comparator:
    no = f", none of {', '.join(unwanted)}"
    return Comparator(
        lambda value: value not in unwanted, lambda value, held: f"{field.name} is {value}{no if held else ''}"
    )


def _any_of(field: Field, wanted: tuple[str, ...]) -> Comparator:
    chosen, none = frozenset(wanted), f"{field.name} has none of {', '.join(wanted)}"

    def words(members: tuple[str, ...], held: bool) -> str:
        return f"{field.name} has {', '.join(each for each in members if each in chosen)}" if held else none

    return Comparator(lambda members: not chosen.isdisjoint(members), words)


def _none_of(field: Field, unwanted: tuple[str, ...]) -> Comparator:
    holds, words = _any_of(field, unwanted)
    return Comparator(lambda members: not holds(members), lambda members, held: words(members, not held))
