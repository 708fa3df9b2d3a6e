"""Which items are meant: conditions as SQL."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import sqlalchemy as sa

from tablemend.records import Item, Record
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
