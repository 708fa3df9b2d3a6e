"""What a server leaves in the state and nobody needs any more: jobs that are over, alerts, sessions that have ended."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tablemend.records import Record
from tablemend.store import schema
from tablemend.store.codec import stamp
from tablemend.store.database import Database
from tablemend.store.jobs import ACTIVE


class Bounds(Record, frozen=True, kw_only=True):
    """The moments before which each kind is too old."""

    jobs: datetime  # when they ended
    alerts: datetime  # when they were no longer so
    expired: datetime  # until which sessions lasted
    idle: datetime  # when sessions were last used


class Leftovers(Record, frozen=True, kw_only=True):
    """How much is too old, or was let go of: exact numbers."""

    jobs: int
    alerts: int
    sessions: int
    uploads: int  # files that were handed to the server and never scanned

    @property
    def any(self) -> bool:
        """Whether there is anything."""
        return any((self.jobs, self.alerts, self.sessions, self.uploads))


def count(database: Database, bounds: Bounds) -> Leftovers:
    """How much is too old; nothing is changed."""
    with database.reading() as connection:
        found = {
            name: connection.execute(sa.select(sa.func.count()).select_from(table).where(old)).scalar_one()
            for name, (table, old) in _old(bounds).items()
        }
    return Leftovers(**found, uploads=0)


def remove(database: Database, bounds: Bounds) -> Leftovers:
    """Let go of what is too old, as one transaction."""
    with database.transaction() as connection:
        gone = {
            name: connection.execute(table.delete().where(old)).rowcount for name, (table, old) in _old(bounds).items()
        }
    return Leftovers(**gone, uploads=0)


def _old(bounds: Bounds) -> dict[str, tuple[sa.Table, sa.ColumnElement[bool]]]:
    return {
        "jobs": (schema.jobs, _old_jobs(stamp(bounds.jobs))),
        "alerts": (schema.alerts, _old_alerts(stamp(bounds.alerts))),
        "sessions": (
            schema.sessions,
            (schema.sessions.c.expires <= stamp(bounds.expired)) | (schema.sessions.c.seen < stamp(bounds.idle)),
        ),
    }


def _old_jobs(moment: str) -> Any:
    """Never the newest change, whose number the next one counts on from, nor the newest job of a schedule."""
    jobs = schema.jobs
    newest = sa.select(sa.func.max(jobs.alias().c.changed)).scalar_subquery()
    scheduled = sa.select(schema.schedules.c.job)
    return sa.and_(
        jobs.c.status.not_in(ACTIVE), jobs.c.finished < moment, jobs.c.changed < newest, jobs.c.id.not_in(scheduled)
    )


def _old_alerts(moment: str) -> Any:
    """Never one that still holds, unless its schedule is gone, nor one that is still to be delivered."""
    alerts = schema.alerts
    orphan = (alerts.c.schedule != "") & alerts.c.schedule.not_in(sa.select(schema.schedules.c.id))
    ended = alerts.c.resolved < moment
    return sa.and_(alerts.c.pending == 0, ended | (orphan & (alerts.c.created < moment)))
