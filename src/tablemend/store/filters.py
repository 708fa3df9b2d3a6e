"""Which items are meant: conditions as SQL, and the same on items."""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec
import sqlalchemy as sa

from tablemend.errors import StateError
from tablemend.records import DECISIONS, Item, Record
from tablemend.store import schema
from tablemend.store.dialects import Dialect

_MARK = "\x1f"  # stands around each member of a list kept as text, so that LIKE finds whole members


class Filter(Record, frozen=True, kw_only=True):
    """Which items are meant; every condition that is set must hold."""

    run: str | None = None
    ids: tuple[str, ...] = ()
    type: str | None = None
    decision: str | None = None
    check: str | None = None
    operation: str | None = None
    column: str | None = None
    dimension: str | None = None
    flag: str | None = None
    min_confidence: float | None = None
    max_confidence: float | None = None
    min_score: float | None = None  # total of the scorecard; items without one never meet it
    max_score: float | None = None
    min_rows: int | None = None
    max_rows: int | None = None
    text: str | None = None  # in title, summary, claims or evidence, whatever the case

    @property
    def key(self) -> bytes:
        """Tells two filters apart, also `1` from `1.0`."""
        return msgspec.json.encode(self)

    @property
    def narrows(self) -> bool:
        """Whether it asks for more than the items of a run, or some of them by id."""
        return self != Filter(run=self.run, ids=self.ids)


def checked(wanted: Filter) -> Filter:
    """The filter; StateError for a word, range or number that no item can meet."""
    if wanted.decision is not None and wanted.decision not in DECISIONS:
        raise StateError(f"{wanted.decision!r} is no decision", hint=f"It is one of {', '.join(DECISIONS)}.")
    ranges = (
        ("confidence", wanted.min_confidence, wanted.max_confidence, 1.0),
        ("score", wanted.min_score, wanted.max_score, 100.0),
        ("rows", wanted.min_rows, wanted.max_rows, math.inf),
    )
    for name, low, high, most in ranges:
        for each in (low, high):
            if each is not None and not 0 <= each <= most:
                raise StateError(f"a {name} of {each} is out of range", hint=f"It goes from 0 to {most:g}.")
        if low is not None and high is not None and low > high:
            raise StateError(f"no {name} is at least {low:g} and at most {high:g}", hint="Exchange them.")
    return wanted


def meets(item: Item, wanted: Filter) -> bool:
    """Whether an item meets every condition but that of the run, as `conditions` says it in SQL."""
    equal = (
        (item.type, wanted.type),
        (item.decision, wanted.decision),
        (item.check, wanted.check),
        (item.operation, wanted.operation),
        (item.dimension, wanted.dimension),
    )
    bounds = (
        (item.confidence, wanted.min_confidence, wanted.max_confidence),
        (item.scores.get("total"), wanted.min_score, wanted.max_score),
        (item.rows, wanted.min_rows, wanted.max_rows),
    )
    return (
        all(asked is None or own == asked for own, asked in equal)
        and (wanted.column is None or wanted.column in item.columns)
        and (wanted.flag is None or wanted.flag in item.flags)
        and (not wanted.ids or item.id in wanted.ids)
        and (wanted.text is None or wanted.text.casefold() in words(item))
        and all(_within(own, low, high) for own, low, high in bounds)
    )


def _within(own: float | None, low: float | None, high: float | None) -> bool:
    if low is None and high is None:
        return True
    return own is not None and (low is None or own >= low) and (high is None or own <= high)


def members(values: Iterable[str]) -> str:
    """A list as one text."""
    listed = tuple(values)
    return f"{_MARK}{_MARK.join(listed)}{_MARK}" if listed else _MARK


def words(item: Item) -> str:
    """What a search looks through."""
    parts = [item.title, item.summary, *[claim.text for claim in item.claims]]
    for each in item.evidence:
        parts += (each.text, each.source)
    return "\n".join(parts).casefold()


def conditions(wanted: Filter, dialect: Dialect) -> list[sa.ColumnElement[bool]]:
    """The conditions on the table of items."""
    items = schema.items.c
    equal = {
        items.type: wanted.type,
        items.decision: wanted.decision,
        items.check_name: wanted.check,
        items.operation: wanted.operation,
        items.dimension: wanted.dimension,
    }
    found: list[sa.ColumnElement[bool]] = [column == value for column, value in equal.items() if value is not None]
    for column, member in ((items.columns, wanted.column), (items.flags, wanted.flag)):
        if member is not None:
            found.append(column.contains(members([member]), autoescape=True))
    if wanted.ids:
        found.append(dialect.within("items.id", wanted.ids))
    if wanted.text is not None:
        found.append(items.words.contains(wanted.text.casefold(), autoescape=True))
    return found + _bounds(wanted)


def _bounds(wanted: Filter) -> list[sa.ColumnElement[bool]]:
    items = schema.items.c
    bounds = (
        (items.confidence, wanted.min_confidence, wanted.max_confidence),
        (items.score, wanted.min_score, wanted.max_score),
        (items.rows, wanted.min_rows, wanted.max_rows),
    )
    found: list[sa.ColumnElement[bool]] = []
    for column, low, high in bounds:
        found += [column >= low] if low is not None else []
        found += [column <= high] if high is not None else []
    return found
