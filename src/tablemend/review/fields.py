"""The closed list of what a condition can ask about, and how each value is taken from an item."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, Literal

from tablemend.records import Item, Record

Kind = Literal["number", "text", "set"]
Value = float | str | tuple[str, ...] | None
"""What an item has of a field; None where it was not measured."""

PART = "parts."
"""Begins the field of a part's score, whose name follows."""


class Field(Record, frozen=True, kw_only=True):
    """Something that a condition can ask about."""

    name: str
    kind: Kind
    help: str
    fact: bool = False  # known before an item is scored, so that scores may be derived from it
    most: float = math.inf  # of a number; every number begins at 0
    missing: str = ""  # why it may not be measured


_NO_POLICY = "the scorecard has no policy"


def _tier(tier: str) -> Field:
    return Field(
        name=f"evidence.tier_{tier.lower()}",
        kind="number",
        help=f"Independent sources of trust tier {tier}.",
        fact=True,
        missing="no policy says which sources are of it",
    )


_FIELDS = (
    Field(name="total", kind="number", help="Total of a scorecard, 0 to 100.", most=100.0),
    Field(name="band", kind="text", help="Band of the total."),
    Field(name="flags", kind="set", help="Risk flags.", fact=True),
    Field(name="evidence.support", kind="number", help="Pieces of evidence for the claims.", fact=True),
    Field(name="evidence.contradict", kind="number", help="Pieces of evidence against the claims.", fact=True),
    Field(name="evidence.sources", kind="number", help="Independent sources that support the claims.", fact=True),
    _tier("A"),
    _tier("B"),
    _tier("C"),
    Field(
        name="age_hours",
        kind="number",
        help="Hours since a story was published.",
        fact=True,
        missing="the story has no `published`",
    ),
    Field(name="reports", kind="number", help="Reports of the same story.", fact=True),
    Field(
        name="pillars",
        kind="set",
        help="Pillars of the policy that a story mentions.",
        fact=True,
        missing=_NO_POLICY,
    ),
    Field(
        name="triggers",
        kind="set",
        help="Always-cover triggers that a story mentions.",
        fact=True,
        missing=_NO_POLICY,
    ),
    Field(
        name="amount",
        kind="number",
        help="Money at stake in a conflict.",
        fact=True,
        missing="the rows of the conflict tell no rate",
    ),
    Field(name="minutes", kind="number", help="Minutes that the rows of a conflict share, or lack.", fact=True),
    Field(name="recorded", kind="number", help="Rows of a conflict that are not merely planned, 0 to 2.", fact=True),
    Field(name="tests", kind="set", help="What the rules of a conflict test, such as same or overlap.", fact=True),
    Field(
        name="days_past",
        kind="number",
        help="Days since the later row of a conflict; 0 from today on.",
        fact=True,
        missing="the rows of the conflict have no date",
    ),
    Field(name="confidence", kind="number", help="Probability that the item is right, 0 to 1.", most=1.0),
    Field(name="cells", kind="number", help="Cells that a repair changes."),
    Field(name="rows", kind="number", help="Rows that a repair changes or removes."),
    Field(name="type", kind="text", help="Kind of item: repair, intel, conflict …"),
    Field(name="check", kind="text", help="Check that a repair answers, or first rule of a conflict."),
    Field(name="operation", kind="text", help="Operation of a repair."),
    Field(name="dimension", kind="text", help="Dimension of the check."),
    Field(name="columns", kind="set", help="Columns that a repair is about."),
    Field(name="dataset", kind="text", help="Dataset that a repair is about."),
)

FIELDS: Mapping[str, Field] = {field.name: field for field in _FIELDS}
FACTS: Mapping[str, Field] = {field.name: field for field in _FIELDS if field.fact}


def field_of(name: str) -> Field | None:
    """The field of a name, that of a part's score included; None where there is none."""
    if name.startswith(PART) and len(name) > len(PART):
        return Field(name=name, kind="number", help="Score of a part.")
    return FIELDS.get(name)


def of_item(name: str) -> Callable[[Item], Value]:
    """How a field is taken from an item. Facts that were measured with an item stand in its body, under `facts`."""
    if name.startswith(PART):
        part = name.removeprefix(PART)
        return lambda item: item.scores.get(part)
    if name in _COUNTED:
        counted = _COUNTED[name]
        return lambda item: _fact(item, name) if "facts" in item.body else counted(item)
    return _TAKEN.get(name) or (lambda item: _fact(item, name))


def of_facts(name: str) -> Callable[[Mapping[str, Any]], Value]:
    """How a field is taken from facts by name."""
    return lambda facts: facts.get(name)


def _fact(item: Item, name: str) -> Value:
    found = item.body.get("facts", {}).get(name)
    return tuple(found) if isinstance(found, list) else found


def _pieces(kind: str) -> Callable[[Item], Value]:
    return lambda item: sum(each.kind == kind for each in item.evidence)


def _sources(tier: str | None = None) -> Callable[[Item], Value]:
    """Domains that support an item; not measured where evidence tells no domain."""

    def counted(item: Item) -> Value:
        support = [each for each in item.evidence if each.kind == "support"]
        if not all(each.domain for each in support):
            return None
        return len({each.domain for each in support if tier in (None, each.tier)})

    return counted


_COUNTED: Mapping[str, Callable[[Item], Value]] = {
    "evidence.support": _pieces("support"),
    "evidence.contradict": _pieces("contradict"),
    "evidence.sources": _sources(),
    "evidence.tier_a": _sources("A"),
    "evidence.tier_b": _sources("B"),
    "evidence.tier_c": _sources("C"),
}

_TAKEN: Mapping[str, Callable[[Item], Value]] = {
    "total": lambda item: item.scores.get("total"),
    "band": lambda item: item.body.get("band") or None,
    "flags": attrgetter("flags"),
    "confidence": attrgetter("confidence"),
    "cells": attrgetter("cells"),
    "rows": attrgetter("rows"),
    "type": lambda item: item.type or None,
    "check": lambda item: item.check or None,
    "operation": lambda item: item.operation or None,
    "dimension": lambda item: item.dimension or None,
    "columns": attrgetter("columns"),
    "dataset": lambda item: item.dataset or None,
}
