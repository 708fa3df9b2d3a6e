"""The audit log, searched."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from tablemend.records import Record
from tablemend.store import schema
from tablemend.store.change_sets import AuditEntry
from tablemend.store.codec import stamp
from tablemend.store.database import Database

_table = schema.audit


class Wanted(Record, frozen=True, kw_only=True):
    """Which entries are meant; every condition that is set must hold."""

    by: str | None = None
    action: str | None = None
    text: str | None = None  # in subject or detail, whatever the case
    since: datetime | None = None  # not before this moment
    until: datetime | None = None  # before this moment


class AuditLog:
    """The audit log of a store, newest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def select(self, wanted: Wanted, *, limit: int, offset: int) -> list[AuditEntry]:
        """Entries that meet the conditions."""
        query = sa.select(_table).where(*_conditions(wanted)).order_by(_table.c.seq.desc())
        with self._database.reading() as connection:
            rows = connection.execute(query.limit(limit).offset(offset)).mappings()
            return [AuditEntry(**{name: row[name] for name in AuditEntry.__struct_fields__}) for row in rows]

    def count(self, wanted: Wanted) -> int:
        """How many entries meet the conditions."""
        query = sa.select(sa.func.count()).select_from(_table).where(*_conditions(wanted))
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())


def _conditions(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    columns = _table.c
    found: list[sa.ColumnElement[bool]] = []
    found += [columns.by == wanted.by] if wanted.by is not None else []
    found += [columns.action == wanted.action] if wanted.action is not None else []
    found += [columns.when >= stamp(wanted.since)] if wanted.since is not None else []
    found += [columns.when < stamp(wanted.until)] if wanted.until is not None else []
    if wanted.text is not None:
        both = (columns.subject, columns.detail)
        found.append(sa.or_(*(each.icontains(wanted.text, autoescape=True) for each in both)))
    return found
