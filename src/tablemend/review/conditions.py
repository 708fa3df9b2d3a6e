"""Conditions: one grammar for gates, for modifiers of a scorecard and for the scores that it derives."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from tablemend.errors import SettingsError
from tablemend.records import Record
from tablemend.review.comparators import Comparator, comparator, figure
from tablemend.review.fields import FIELDS, PART, Field, Kind, Value, field_of
from tablemend.review.lines import Path
from tablemend.review.toml import Problem, nearest

T = TypeVar("T")


class Test(Generic[T]):
    """A comparison of a condition, made ready."""

    __slots__ = ("held", "told")

    def __init__(self, held: Callable[[T], bool], told: Callable[[T], tuple[bool, str]]) -> None:
        self.held = held  # whether it holds for a subject
        self.told = told  # the same, and how it comes to that, in words


class Condition(Record, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"is_": "is"}):
    """What must be true of one field; where several comparators are given, all of them.

    A condition on what was not measured fails. The bounds count the members of a set.
    """

    field: str  # of the list of fields
    at_least: float | None = None  # this or more
    at_most: float | None = None  # this or less
    above: float | None = None  # more than this
    below: float | None = None  # less than this
    is_: str | float | tuple[str | float, ...] | None = None  # this value, or one of these
    any_of: tuple[str, ...] | None = None  # a set holds one of these, or more
    none_of: tuple[str, ...] | None = None  # a set holds, or a text is, none of these


BOUNDS = ("at_least", "at_most", "above", "below")
COMPARATORS: Mapping[Kind, tuple[str, ...]] = {
    "number": (*BOUNDS, "is"),
    "text": ("is", "none_of"),
    "set": (*BOUNDS, "any_of", "none_of"),
}
"""The comparators that fit each kind of field."""


def given(condition: Condition) -> dict[str, Any]:
    """The comparators that a condition uses, with their values."""
    names = ("at_least", "at_most", "above", "below", "is_", "any_of", "none_of")
    found = {name.rstrip("_"): getattr(condition, name) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def problems(
    conditions: Sequence[Condition],
    path: Path,
    fields: Mapping[str, Field] = FIELDS,
    parts: Iterable[str] | None = None,
) -> Iterator[Problem]:
    """What is wrong with conditions that stand at a path, where only the given fields and parts can be asked about.

    `parts` are the names of a scorecard; None where any may come.
    """
    known = None if parts is None else tuple(parts)
    for place, condition in enumerate(conditions):
        yield from _problems(condition, (*path, place), fields, known)


def _problems(
    condition: Condition, path: Path, fields: Mapping[str, Field], parts: tuple[str, ...] | None
) -> Iterator[Problem]:
    there = [*fields, *(PART + each for each in parts or ())]
    field = field_of(condition.field)
    any_part = parts is None and condition.field.startswith(PART)
    if field is None or not (condition.field in there or any_part):
        there += [f"{PART}NAME"] if parts is None else []
        yield Problem(
            path=(*path, "field"),
            text=f"there is no field {condition.field!r} to ask about here; the fields are {', '.join(there)}",
            hint=nearest(condition.field, there),
        )
        return
    yield from _comparator_problems(condition, field, path)


def _comparator_problems(condition: Condition, field: Field, path: Path) -> Iterator[Problem]:
    fitting, used = COMPARATORS[field.kind], given(condition)
    if not used:
        yield Problem(path=path, text=f"{field.name} is compared with nothing; use {', '.join(fitting)}")
    for name, value in used.items():
        if name not in fitting:
            yield Problem(
                path=(*path, name),
                text=f"{name} does not fit {field.name}, which is a {field.kind}; what fits is {', '.join(fitting)}",
            )
        elif problem := _value_problem(field, name, value):
            yield Problem(path=(*path, name), text=f"{field.name} {name}: {problem}")


def _value_problem(field: Field, name: str, value: Any) -> str:
    values = value if isinstance(value, tuple) else (value,)
    if not values:
        return "the list is empty"
    numbers = [each for each in values if isinstance(each, float)]
    if not all(math.isfinite(each) for each in numbers):
        return f"{value} is not a finite number"
    if name == "is" and field.kind == "number" and len(numbers) < len(values):
        return f"{_listed(values)} is no number"
    if name == "is" and field.kind == "text" and numbers:
        return f"{_listed(values)} is no text"
    return ""


def _listed(values: Iterable[str | float]) -> str:
    return ", ".join(repr(each) if isinstance(each, str) else figure(each) for each in values)


def compiled(condition: Condition, take: Callable[[str], Callable[[T], Value]]) -> list[Test[T]]:
    """The tests of a condition, made once; `take` gives how a field is taken from a subject."""
    field = field_of(condition.field)
    if field is None:
        raise SettingsError(f"there is no field {condition.field!r}", hint=f"The fields are {', '.join(FIELDS)}.")
    value_of = take(field.name)
    return [_test(field, value_of, comparator(name, field, value)) for name, value in given(condition).items()]


def compiled_all(conditions: Iterable[Condition], take: Callable[[str], Callable[[T], Value]]) -> tuple[Test[T], ...]:
    """The tests of several conditions."""
    return tuple(test for condition in conditions for test in compiled(condition, take))


def _test(field: Field, value_of: Callable[[T], Value], asked: Comparator) -> Test[T]:
    holds, words = asked
    missing = f"{field.name} is not measured" + (f": {field.missing}" if field.missing else "")

    def held(subject: T) -> bool:
        value = value_of(subject)
        return value is not None and holds(value)

    def told(subject: T) -> tuple[bool, str]:
        value = value_of(subject)
        if value is None:
            return False, missing
        passed = holds(value)
        if not passed and isinstance(value, float) and math.isnan(value):
            return False, missing
        return passed, words(value, passed)

    return Test(held, told)
