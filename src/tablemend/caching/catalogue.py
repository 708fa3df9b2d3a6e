"""What of a database's catalogue decides which results can be kept, and which of them a write makes old."""

from __future__ import annotations

from tablemend.caching.statements import Effect, Name, Reading, reading
from tablemend.records import Record

ALL = "*"
"""Stands for every table of a database."""

_DEEP = 20  # views on views that are followed


class Catalogue(Record, frozen=True, kw_only=True):
    """Names are in lower case; a name that stands for several tables is here once for each schema."""

    tables: frozenset[Name] = frozenset()  # that change by writes to them alone, as seen by every reader
    views: dict[Name, str] = {}  # → the query behind it
    spreading: frozenset[str] = frozenset()  # tables whose writes may change others: triggers, cascades, partitions
    own: frozenset[str] = (
        frozenset()
    )  # functions and types made in the database, and views over them: they run its code
    hidden: bool = False  # operators or casts made in the database may run its code, where no name tells
    known: bool = True  # whether the catalogue could be read


NONE = Catalogue(known=False)


class Tables(Record, frozen=True, kw_only=True):
    """What a query reads once its views are resolved."""

    names: tuple[str, ...] = ()  # of tables, sorted, in lower case and without schemas
    reason: str = ""  # why its result cannot be kept


def tables_read(found: Reading, catalogue: Catalogue, kind: str) -> Tables:
    """The tables behind a query, through all views; a reason where one of its names is anything else."""
    if found.reason:
        return Tables(reason=found.reason)
    if catalogue.hidden:
        return Tables(reason="operators or casts that were made in the database may read any table")
    if own := sorted(found.words & catalogue.own):
        return Tables(reason=f"{own[0]} is, or calls, what was made in the database and may read any table")
    names: set[str] = set()
    left = [(each, 0) for each in found.names]
    while left:
        name, depth = left.pop()
        definitions = [sql for each, sql in catalogue.views.items() if _meant(name, each)]
        base = any(_meant(name, each) for each in catalogue.tables)
        if not (definitions or base) or depth > _DEEP:
            return Tables(reason=f"{'.'.join(filter(None, name))} is no table or view that is known to be plain")
        if base:
            names.add(name[1])
        for sql in definitions:
            behind = reading(sql, kind)
            if behind.reason:
                return Tables(reason=f"view {name[1]}: {behind.reason}")
            left += [(each, depth + 1) for each in behind.names]
    return Tables(names=tuple(sorted(names)))


def tables_written(found: Effect, catalogue: Catalogue) -> tuple[str, ...]:
    """The tables that a change may have made other than they were; `*` for every one."""
    if found.unknown or not catalogue.known or catalogue.hidden or found.words & catalogue.own:
        return (ALL,)
    alone = {name for _, name in catalogue.tables} - catalogue.spreading
    names = {name for _, name in found.names}
    return tuple(sorted(names)) if names <= alone else (ALL,)


def _meant(written: Name, known: Name) -> bool:
    return written[1] == known[1] and written[0] in ("", known[0])
