"""Change sets and the audit log."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from tablemend.errors import NotFound
from tablemend.records import ChangeSet, now
from tablemend.store import auditing, schema
from tablemend.store.auditing import AuditEntry, AuditFilter
from tablemend.store.codec import pack, stamp, unpack
from tablemend.store.database import Database


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
            return [auditing.entry(row) for row in rows]

    def select(self, wanted: AuditFilter, *, limit: int = 100, offset: int = 0) -> tuple[list[AuditEntry], int]:
        """A page of the entries that are meant, newest first, and how many there are in all."""
        return auditing.select(self._database, wanted, limit=limit, offset=offset)

    def every(self, wanted: AuditFilter) -> Iterator[AuditEntry]:
        """Every entry that is meant, newest first."""
        return auditing.every(self._database, wanted)

    def named(self) -> tuple[list[str], list[str]]:
        """Everybody who did something, and everything that was done."""
        return auditing.named(self._database)
