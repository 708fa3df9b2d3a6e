"""Change sets and the audit log."""

from __future__ import annotations

import sqlalchemy as sa

from tablemend.errors import NotFound
from tablemend.records import ChangeSet, Record, now
from tablemend.store import schema
from tablemend.store.codec import pack, stamp, unpack
from tablemend.store.database import Database


class AuditEntry(Record, frozen=True, kw_only=True):
    """Who did what to what, and when."""

    when: str  # UTC
    by: str
    action: str
    subject: str
    detail: str = ""


class ChangeSets:
    """The change sets of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, change_set: ChangeSet) -> None:
        """Record a change set."""
        with self._database.transaction() as connection:
            connection.execute(
                schema.change_sets.insert().values(
                    id=change_set.id,
                    dataset=change_set.dataset,
                    kind=change_set.kind,
                    run=change_set.run,
                    parent=change_set.parent,
                    version=change_set.version,
                    body=pack(change_set),
                    created=stamp(change_set.created),
                )
            )

    def get(self, change_set: str) -> ChangeSet:
        """One change set; `NotFound` where there is none."""
        query = sa.select(schema.change_sets.c.body).where(schema.change_sets.c.id == change_set)
        with self._database.reading() as connection:
            body = connection.execute(query).scalar()
        if body is None:
            raise NotFound(f"there is no change set {change_set}", hint="`tablemend history` lists the change sets.")
        return unpack(body, ChangeSet)

    def hashes(self) -> set[str]:
        """Hashes of every file that change sets point at."""
        return {digest for each in self.of() for digest in (each.changes, each.removed, each.added) if digest}

    def of(self, dataset: str | None = None) -> list[ChangeSet]:
        """Change sets, oldest first."""
        table = schema.change_sets
        query = sa.select(table.c.body).order_by(table.c.seq)
        if dataset is not None:
            query = query.where(table.c.dataset == dataset)
        with self._database.reading() as connection:
            return [unpack(body, ChangeSet) for body in connection.execute(query).scalars()]


class Audit:
    """The append-only log of actions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, by: str, action: str, subject: str, detail: str = "") -> None:
        """Append an entry."""
        with self._database.transaction() as connection:
            connection.execute(
                schema.audit.insert().values(when=stamp(now()), by=by, action=action, subject=subject, detail=detail)
            )

    def authored(self, by: str) -> frozenset[str]:
        """The items that somebody proposed or edited."""
        table = schema.audit
        query = sa.select(table.c.subject).where(table.c.by == by, table.c.action.in_(("propose", "edit")))
        with self._database.reading() as connection:
            return frozenset(connection.execute(query).scalars())

    def recent(self, *, limit: int = 1000) -> list[AuditEntry]:
        """Entries, newest first."""
        table = schema.audit
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(table).order_by(table.c.seq.desc()).limit(limit)).mappings()
            return [
                AuditEntry(
                    when=row["when"], by=row["by"], action=row["action"], subject=row["subject"], detail=row["detail"]
                )
                for row in rows
            ]
