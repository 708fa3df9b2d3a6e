"""Schedules: sources that are read again and again."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from tablemend.errors import NotFound, StateError
from tablemend.records import Record, now
from tablemend.store import schema
from tablemend.store.codec import moment, pack, stamp, unpack
from tablemend.store.database import Database

_table = schema.schedules


class Schedule(Record, frozen=True, kw_only=True):
    """A source that is read again at an interval."""

    id: str
    name: str  # also of the dataset
    source: str  # as it was named; holds no secret
    options: dict[str, str] = {}  # table, sql, sheet, delimiter, encoding
    dataset: str  # that it feeds, also before it is first read
    interval: int  # seconds
    enabled: bool = True
    threshold: float | None = None  # of the score, below which an alert is raised
    by: str  # who made it; its refreshes are in this name
    created: datetime
    next: datetime  # when it is due
    last: datetime | None = None  # when it was last read
    job: str = ""  # the newest refresh; empty before
    failures: int = 0  # one after the other


class _Place(Record, frozen=True, kw_only=True):
    source: str
    options: dict[str, str] = {}
    dataset: str


class Schedules:
    """The schedules of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        *,
        name: str,
        source: str,
        options: Mapping[str, str],
        dataset: str,
        interval: int,
        threshold: float | None,
        by: str,
    ) -> Schedule:
        """A new schedule, due at once; StateError where the name is taken."""
        identity, began = f"s{secrets.token_hex(4)}", stamp(now())
        place = _Place(source=source, options=dict(options), dataset=dataset)
        with self._database.transaction() as connection:
            if connection.execute(sa.select(_table.c.id).where(_table.c.name == name)).first():
                raise StateError(f"there is a schedule {name} already", hint="Choose another name, or remove it first.")
            values = {"id": identity, "name": name, "interval": interval, "threshold": threshold, "by": by}
            times = {"created": began, "next": began, "enabled": True, "job": "", "failures": 0}
            connection.execute(_table.insert().values(source=pack(place), **values, **times))
        return self.get(identity)

    def get(self, schedule: str) -> Schedule:
        """One schedule by its id or name; `NotFound` where there is none."""
        query = sa.select(_table).where((_table.c.id == schedule) | (_table.c.name == schedule))
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            raise NotFound(f"there is no schedule {schedule}", hint="`tablemend schedules list` lists them.")
        return _record(row)

    def all(self) -> list[Schedule]:
        """Every schedule, oldest first."""
        with self._database.reading() as connection:
            return [_record(row) for row in connection.execute(sa.select(_table).order_by(_table.c.seq)).mappings()]

    def due(self, at: datetime) -> list[Schedule]:
        """Those that are to be read now, the longest due first."""
        query = sa.select(_table).where(_table.c.enabled, _table.c.next <= stamp(at)).order_by(_table.c.next)
        with self._database.reading() as connection:
            return [_record(row) for row in connection.execute(query).mappings()]

    def first(self) -> datetime | None:
        """When the next one is due."""
        with self._database.reading() as connection:
            return moment(connection.execute(sa.select(sa.func.min(_table.c.next)).where(_table.c.enabled)).scalar())

    def plan(self, schedule: Schedule, at: datetime, *, job: str | None = None) -> None:
        """Plan the next time: the first of the plan that is still to come, so that nothing piles up."""
        missed = max((at - schedule.next).total_seconds(), 0.0) // schedule.interval
        following = schedule.next + timedelta(seconds=schedule.interval * (missed + 1))
        self._set(schedule.id, next=stamp(following), **({} if job is None else {"job": job}))

    def begun(self, schedule: str, job: str) -> None:
        """Note its newest refresh."""
        self._set(schedule, job=job)

    def ended(self, schedule: str, *, failed: bool) -> None:
        """Note how a refresh ended."""
        failures = _table.c.failures + 1 if failed else 0
        self._set(schedule, failures=failures, **({} if failed else {"last": stamp(now())}))

    def enable(self, schedule: str, *, enabled: bool) -> None:
        """Pause a schedule, or go on with it: it is due at once if its time has come meanwhile."""
        self._set(schedule, enabled=enabled)

    def change(self, schedule: Schedule, *, interval: int, threshold: float | None) -> None:
        """Read at another interval, from now on where that is sooner than planned, or tell below another score."""
        following = min(schedule.next, now() + timedelta(seconds=interval))
        self._set(schedule.id, interval=interval, threshold=threshold, next=stamp(following))

    def remove(self, schedule: str) -> None:
        """Forget a schedule; its dataset stays."""
        with self._database.transaction() as connection:
            connection.execute(_table.delete().where(_table.c.id == schedule))

    def _set(self, schedule: str, **values: Any) -> None:
        with self._database.transaction() as connection:
            connection.execute(_table.update().where(_table.c.id == schedule).values(**values))


def _record(row: Mapping[Any, Any]) -> Schedule:
    created, following = moment(row["created"]), moment(row["next"])
    if created is None or following is None:
        raise StateError(f"schedule {row['id']} has no time")
    place = unpack(row["source"], _Place)
    plain = {name: row[name] for name in ("id", "name", "interval", "threshold", "by", "job", "failures")}
    return Schedule(
        **plain,
        source=place.source,
        options=place.options,
        dataset=place.dataset,
        enabled=bool(row["enabled"]),
        created=created,
        next=following,
        last=moment(row["last"]),
    )
