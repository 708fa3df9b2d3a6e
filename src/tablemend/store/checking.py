"""Whether a state agrees with itself."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from tablemend.records import Record
from tablemend.store import schema
from tablemend.store.database import Database


class Problem(Record, frozen=True, kw_only=True):
    """One thing in a state that cannot be."""

    what: str  # item, decision, run, version, file, database
    subject: str  # which one
    detail: str  # what is wrong with it


def problems(database: Database) -> Iterator[Problem]:
    """Everything in the tables that contradicts itself."""
    with database.reading() as connection:
        for text in database.dialect.verify(connection):
            yield Problem(what="database", subject=database.name, detail=text)
        for check in (_without_version, _other_decision, _without_head, _without_end):
            yield from check(connection)


def _without_version(connection: sa.Connection) -> Iterator[Problem]:
    items, versions = schema.items.c, schema.item_versions.c
    same = (versions.item == items.seq) & (versions.version == items.version) & (versions.content == items.content)
    query = sa.select(items.id, items.version).where(~sa.exists().where(same))
    for identity, version in connection.execute(query):
        yield Problem(what="item", subject=identity, detail=f"its version {version} is not kept as it is listed")


def _other_decision(connection: sa.Connection) -> Iterator[Problem]:
    """The decision of an item is the last that was taken on its content."""
    items, versions, log = schema.items.c, schema.item_versions.c, schema.decisions.c
    last = (
        sa.select(log.item, sa.func.max(log.seq).label("seq"))
        .join(schema.item_versions, (versions.item == log.item) & (versions.version == log.version))
        .join(schema.items, (items.seq == log.item) & (items.content == versions.content))
        .group_by(log.item)
        .subquery()
    )
    logged = sa.func.coalesce(log.decision, "open")
    query = (
        sa.select(items.id, items.decision, logged)
        .outerjoin(last, last.c.item == items.seq)
        .outerjoin(schema.decisions, log.seq == last.c.seq)
        .where(items.decision != logged)
    )
    for identity, shown, decided in connection.execute(query):
        yield Problem(what="decision", subject=identity, detail=f"it is shown as {shown}, the log says {decided}")


def _without_head(connection: sa.Connection) -> Iterator[Problem]:
    datasets, snapshots = schema.datasets.c, schema.snapshots.c
    newest = sa.select(sa.func.max(snapshots.version)).where(snapshots.dataset == datasets.id).scalar_subquery()
    query = sa.select(datasets.name, datasets.head, newest).where(sa.func.coalesce(newest, 0) != datasets.head)
    for name, head, version in connection.execute(query):
        yield Problem(what="version", subject=name, detail=f"its newest version is {version}, not {head} as it says")


def _without_end(connection: sa.Connection) -> Iterator[Problem]:
    runs = schema.runs.c
    query = sa.select(runs.id, runs.status).where((runs.status != "running") & runs.finished.is_(None))
    for identity, status in connection.execute(query):
        yield Problem(what="run", subject=identity, detail=f"it is {status}, but has no end")
