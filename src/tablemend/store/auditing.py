"""Which entries of the audit log are meant, and reading them a page at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from tablemend.errors import StateError
from tablemend.records import Record
from tablemend.store import schema
from tablemend.store.codec import stamp
from tablemend.store.database import Database

_table = schema.audit
_PAGE = 1_000
"""Entries that are read at once where all of them are asked for."""


class AuditEntry(Record, frozen=True, kw_only=True):
    """Who did what to what, and when."""

    when: str  # UTC
    by: str
    action: str
    subject: str
    detail: str = ""


class AuditFilter(Record, frozen=True, kw_only=True):
    """Which entries are meant; every condition that is set must hold."""

    by: str | None = None
    action: str | None = None
    subject: str | None = None
    text: str | None = None  # in user, action, subject or detail, whatever the case of ASCII letters
    since: datetime | None = None
    until: datetime | None = None  # not itself


def select(
    database: Database, wanted: AuditFilter, *, limit: int = 100, offset: int = 0
) -> tuple[list[AuditEntry], int]:
    """A page of the entries that are meant, newest first, and how many there are in all, as of one moment."""
    if limit < 0 or offset < 0:
        raise StateError(f"a page of {limit} entries from {offset} cannot be", hint="Count from 0.")
    chosen = _conditions(wanted)
    query = sa.select(_table).where(*chosen).order_by(_table.c.seq.desc()).limit(limit).offset(offset)
    count = sa.select(sa.func.count()).select_from(_table).where(*chosen)
    with database.reading() as connection:
        rows = connection.execute(query).mappings().all()
        return [entry(row) for row in rows], int(connection.execute(count).scalar_one())


def every(database: Database, wanted: AuditFilter) -> Iterator[AuditEntry]:
    """Every entry that is meant, newest first, read in pages; what is written meanwhile is left out."""
    chosen, last = _conditions(wanted), None
    while True:
        query = sa.select(_table).where(*chosen).order_by(_table.c.seq.desc()).limit(_PAGE)
        with database.reading() as connection:
            rows = connection.execute(query if last is None else query.where(_table.c.seq < last)).mappings().all()
        yield from (entry(row) for row in rows)
        if len(rows) < _PAGE:
            return
        last = rows[-1]["seq"]


def named(database: Database) -> tuple[list[str], list[str]]:
    """Everybody who did something, and everything that was done, alphabetically."""
    with database.reading() as connection:
        people = connection.execute(sa.select(_table.c.by).distinct().order_by(_table.c.by)).scalars().all()
        actions = connection.execute(sa.select(_table.c.action).distinct().order_by(_table.c.action)).scalars().all()
    return list(people), list(actions)


def entry(row: sa.RowMapping) -> AuditEntry:
    """An entry of a row."""
    return AuditEntry(
        when=row["when"], by=row["by"], action=row["action"], subject=row["subject"], detail=row["detail"]
    )


def _conditions(wanted: AuditFilter) -> list[sa.ColumnElement[bool]]:
    equal = ((_table.c.by, wanted.by), (_table.c.action, wanted.action), (_table.c.subject, wanted.subject))
    found: list[sa.ColumnElement[bool]] = [column == value for column, value in equal if value is not None]
    if wanted.text is not None:
        columns = (_table.c.by, _table.c.action, _table.c.subject, _table.c.detail)
        found.append(sa.or_(*(column.icontains(wanted.text, autoescape=True) for column in columns)))
    if wanted.since is not None:
        found.append(_table.c.when >= stamp(wanted.since))
    if wanted.until is not None:
        found.append(_table.c.when < stamp(wanted.until))
    return found
