"""What the ledger of a database tells: its jobs, and the rows that they rejected."""

from __future__ import annotations

import json

import sqlalchemy as sa

from tablemend.batching import Rejection
from tablemend.databases.database import Database
from tablemend.databases.ledger import LedgerTables
from tablemend.errors import MissingObject, NotFound
from tablemend.records import Record


class Job(Record, frozen=True, kw_only=True):
    """A job and what became of the rows that it settled."""

    job: str
    status: str  # running also where its process was killed
    started: str  # moment in UTC, of the last run
    ended: str | None = None
    inserted: int = 0
    updated: int = 0
    skipped: int = 0
    rejected: int = 0


_OUTCOMES = ("inserted", "updated", "skipped", "rejected")


def jobs(database: Database, *, schema: str | None = None) -> list[Job]:
    """The jobs of a database, the newest first; none where nothing was ever loaded."""
    tables = LedgerTables(schema)
    table, batches = tables.jobs, tables.batches
    sums = [sa.func.coalesce(sa.func.sum(batches.c[name]), 0) for name in _OUTCOMES]
    about = (table.c.job, table.c.status, table.c.started, table.c.ended)
    query = sa.select(*about, *sums).select_from(table.outerjoin(batches, table.c.job == batches.c.job))
    query = query.group_by(*about).order_by(table.c.started.desc(), table.c.job)
    try:
        with database.connect(read_only=database.guards_reading) as connection:
            rows = connection.execute(query).all()
    except MissingObject:
        return []
    return [
        Job(
            job=job,
            status=status,
            started=started,
            ended=ended,
            **{name: int(n) for name, n in zip(_OUTCOMES, found, strict=True)},
        )
        for job, status, started, ended, *found in rows
    ]


def rejections(database: Database, job: str, *, schema: str | None = None, limit: int = 1_000) -> list[Rejection]:
    """The rows that a job rejected, in the order of its source; NotFound where there is no such job."""
    known = [each.job for each in jobs(database, schema=schema)]
    if job not in known:
        raise NotFound(
            f"{database.name} has no job {job!r}",
            hint=f"It has {', '.join(known[:5]) or 'none'}; see `databases jobs`.",
        )
    quarantine = LedgerTables(schema).quarantine
    query = sa.select(quarantine.c.source_row, quarantine.c.reason, quarantine.c.content)
    query = query.where(quarantine.c.job == job).order_by(quarantine.c.source_row).limit(limit)
    with database.connect(read_only=database.guards_reading) as connection:
        return [
            Rejection(position=int(position), reason=reason, row=json.loads(content))
            for position, reason, content in connection.execute(query)
        ]
