"""Jobs: work that somebody asked a server for, taken up by one worker, told about while it goes on."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from tablemend.errors import NotFound, StateError
from tablemend.records import Record, now
from tablemend.store import processes, schema
from tablemend.store.codec import moment, pack, stamp, unpack
from tablemend.store.database import Database

QUEUED, RUNNING, COMPLETED, FAILED, CANCELLED = STATUSES = ("queued", "running", "completed", "failed", "cancelled")
ACTIVE = (QUEUED, RUNNING)
"""Statuses of a job that is not over."""

DIED = {
    "title": "The work was broken off",
    "message": "The process that did it ended before it was done.",
    "hint": "The process ended; nothing is half-applied. Start it again.",
}
"""The error of a job whose process died."""

_table = schema.jobs


class Job(Record, frozen=True, kw_only=True):
    """One piece of work, and how far it is."""

    id: str
    verb: str
    subject: str  # dataset, or the source as it may be shown
    by: str  # who asked for it
    status: str  # queued, running, completed, failed, cancelled
    run: str = ""  # the newest run that it began; empty before
    stage: str = ""  # what it is at
    fraction: float = 0.0  # of the stage, 0 to 1
    cancel: bool = False  # somebody asked for its end
    created: datetime
    started: datetime | None = None
    finished: datetime | None = None
    changed: int = 0  # rises with every change of any job
    arguments: dict[str, Any] = {}
    result: dict[str, Any] = {}
    error: dict[str, Any] = {}  # title, message, hint

    @property
    def over(self) -> bool:
        """Whether it has ended, however."""
        return self.status not in ACTIVE

    def to_dict(self, *, arguments: bool = False) -> dict[str, Any]:
        """As JSON holds it, every field; what it was given only where that is asked for."""
        shown = {name: getattr(self, name) for name in self.__struct_fields__ if arguments or name != "arguments"}
        return dict(msgspec.to_builtins(shown))


class Mark(Record, frozen=True, kw_only=True):
    """How far the state has moved: what differs, has changed."""

    writes: int  # of anybody, to anything but jobs
    jobs: int  # `changed` of the newest job


class Jobs:
    """The jobs of a store.

    All that is written here leaves the counter of writes alone: progress makes no cached read old. `listeners` are
    told by `tell`, once a job that this process has submitted, cancelled or ended is there for others to see.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.listeners: list[Callable[[], None]] = []

    def submit(
        self,
        verb: str,
        *,
        subject: str,
        by: str,
        arguments: Mapping[str, Any],
        secret: Mapping[str, Any] | None = None,
    ) -> Job:
        """Put a job into the queue; arguments that are `secret` go to its worker alone, and are gone when it ends."""
        identity = f"j{secrets.token_hex(6)}"
        values = {"id": identity, "verb": verb, "subject": subject, "by": by, "status": QUEUED, "created": stamp(now())}
        plain: dict[str, Any] = {"run": "", "stage": "", "fraction": 0.0, "cancel": False}
        nobody = {"host": "", "pid": 0, "pid_started": 0.0}
        kept = _Arguments(shown=dict(arguments), secret=dict(secret or {}))
        packed = {"arguments": pack(kept), "result": pack({}), "error": pack({})}
        with self._database.uncounted() as connection:
            connection.execute(_table.insert().values(changed=_next(), **values, **plain, **nobody, **packed))
            return _record(_row(connection, identity))

    def tell(self) -> None:
        """Tell the listeners of this process."""
        for each in tuple(self.listeners):
            each()

    def get(self, job: str) -> Job:
        """One job; `NotFound` where there is none."""
        with self._database.reading() as connection:
            return _record(_row(connection, job))

    def recent(
        self,
        *,
        limit: int = 100,
        status: str | Iterable[str] | None = None,
        subject: str | None = None,
        by: str | None = None,
        verb: str | None = None,
    ) -> list[Job]:
        """Jobs, newest first."""
        query = sa.select(_table).order_by(_table.c.seq.desc()).limit(limit)
        if status is not None:
            query = query.where(_table.c.status.in_((status,) if isinstance(status, str) else tuple(status)))
        for column, wanted in ((_table.c.subject, subject), (_table.c.by, by), (_table.c.verb, verb)):
            if wanted is not None:
                query = query.where(column == wanted)
        return self._listed(query)

    def named(self, text: str) -> list[Job]:
        """Jobs that wait, work or are complete, and whose arguments hold a text; those that failed hold nothing."""
        query = sa.select(_table).where(_table.c.status.in_((*ACTIVE, COMPLETED)))
        return [each for each in self._listed(query) if text in str(each.arguments)]

    def since(self, changed: int, *, limit: int = 1000) -> list[Job]:
        """The newest jobs that changed after a number, in the order of their changes."""
        query = sa.select(_table).where(_table.c.changed > changed).order_by(_table.c.changed.desc()).limit(limit)
        return self._listed(query)[::-1]

    def _listed(self, query: sa.Select[Any]) -> list[Job]:
        with self._database.reading() as connection:
            return [_record(row) for row in connection.execute(query).mappings()]

    def mark(self) -> Mark:
        """How far the state has moved."""
        with self._database.reading() as connection:
            writes, jobs = connection.execute(_MARK).one()
        return Mark(writes=writes, jobs=jobs)

    def claim(self) -> Job | None:
        """Take the oldest job whose subject nobody works on, for this process; None where there is none."""
        with self._database.reading() as connection:
            if connection.execute(_WAITING).first() is None:
                return None
        process = processes.current()
        with self._database.uncounted() as connection:
            row = connection.execute(_WAITING).mappings().first()
            if row is None:
                return None  # another took it
            values = {"status": RUNNING, "host": process.host, "pid": process.pid, "pid_started": process.started}
            _update(connection, row["id"], started=stamp(now()), heartbeat=stamp(now()), **values)
            return _record(_row(connection, row["id"]), secret=True)

    def progress(self, job: str, stage: str, fraction: float) -> bool:
        """Note how far a running job is, and the newest run that it began; whether somebody asked for its end."""
        runs = schema.runs
        newest = (
            sa.select(runs.c.id)
            .where(runs.c.host == _table.c.host, runs.c.pid == _table.c.pid, runs.c.started >= _table.c.started)
            .order_by(runs.c.seq.desc())
            .limit(1)
            .correlate(_table)
            .scalar_subquery()
        )
        values = {"stage": stage, "fraction": fraction, "heartbeat": stamp(now())}
        with self._database.uncounted() as connection:
            _update(connection, job, **values, run=sa.func.coalesce(newest, _table.c.run))
            return bool(connection.execute(sa.select(_table.c.cancel).where(_table.c.id == job)).scalar())

    def beat(self, job: str) -> bool:
        """Say that a running job still works, which is no change; whether somebody asked for its end."""
        with self._database.uncounted() as connection:
            connection.execute(_table.update().where(_table.c.id == job).values(heartbeat=stamp(now())))
            return bool(connection.execute(sa.select(_table.c.cancel).where(_table.c.id == job)).scalar())

    def finish(
        self,
        job: str,
        status: str,
        *,
        result: Mapping[str, Any] | None = None,
        error: Mapping[str, Any] | None = None,
    ) -> bool:
        """End a running job; False where it had ended already. What is secret in its arguments goes."""
        if status in ACTIVE or status not in STATUSES:
            raise StateError(f"a job cannot end as {status!r}", hint=f"It ends as one of {', '.join(STATUSES[2:])}.")
        with self._database.uncounted() as connection:
            row = _row(connection, job)
            values = {"status": status, "finished": stamp(now()), "arguments": _harmless(row)}
            values |= {"result": pack(dict(result or {})), "error": pack(dict(error or {}))}
            return row["status"] == RUNNING and _update(connection, job, **values) == 1

    def cancel(self, job: str) -> Job:
        """End a job that waits, ask a running one to end; one that is over stays as it is."""
        with self._database.uncounted() as connection:
            row = _row(connection, job)
            if row["status"] == QUEUED:
                ended = {"finished": stamp(now()), "arguments": _harmless(row)}
                _update(connection, job, status=CANCELLED, cancel=True, **ended)
            elif row["status"] == RUNNING:
                _update(connection, job, cancel=True)
            return _record(_row(connection, job))

    def fail_dead(self) -> list[Job]:
        """End the running jobs whose process died: as cancelled where that was asked for, else as failed."""
        with self._database.reading() as connection:
            running = connection.execute(sa.select(_table).where(_table.c.status == RUNNING)).mappings().all()
        dead = [row for row in running if processes.is_dead(row)]
        ended = [
            row["id"]
            for row in dead
            if self.finish(row["id"], CANCELLED if row["cancel"] else FAILED, error={} if row["cancel"] else DIED)
        ]
        if ended:
            self.tell()
        return [self.get(each) for each in ended]

    def working(self) -> list[tuple[Job, processes.Process]]:
        """The running jobs, and the process that works on each."""
        query = sa.select(_table).where(_table.c.status == RUNNING).order_by(_table.c.seq)
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return [(_record(row), processes.of(row)) for row in rows]


class _Arguments(Record, frozen=True, kw_only=True):
    """What a job was given."""

    shown: dict[str, Any]
    secret: dict[str, Any] = {}  # what its worker gets instead of what is shown


def _harmless(row: Mapping[Any, Any]) -> bytes:
    return pack(_Arguments(shown=unpack(row["arguments"], _Arguments).shown))


def _next() -> sa.ScalarSelect[Any]:
    """The number of the next change: writers queue for one lock, so that none is given twice."""
    others = _table.alias()
    return sa.select(sa.func.coalesce(sa.func.max(others.c.changed), 0) + 1).scalar_subquery()


def _waiting() -> sa.Select[Any]:
    busy = _table.alias()
    taken = sa.exists().where(busy.c.status == RUNNING, busy.c.subject == _table.c.subject, busy.c.subject != "")
    return sa.select(_table.c.id).where(_table.c.status == QUEUED, ~taken).order_by(_table.c.seq).limit(1)


_WAITING = _waiting()
_MARK = sa.text(
    f"SELECT (SELECT value FROM counters WHERE name = '{schema.WRITES}'), (SELECT COALESCE(MAX(changed), 0) FROM jobs)"
)


def _update(connection: sa.Connection, job: str, **values: Any) -> int:
    done = connection.execute(_table.update().where(_table.c.id == job).values(changed=_next(), **values))
    return int(done.rowcount)


def _row(connection: sa.Connection, job: str) -> Mapping[Any, Any]:
    row = connection.execute(sa.select(_table).where(_table.c.id == job)).mappings().first()
    if row is None:
        raise NotFound(f"there is no job {job}", hint="The page of runs lists the jobs.")
    return row


def _record(row: Mapping[Any, Any], *, secret: bool = False) -> Job:
    created = moment(row["created"])
    if created is None:
        raise StateError(f"job {row['id']} has no time")
    plain = {name: row[name] for name in ("id", "verb", "subject", "by", "status", "run", "stage", "fraction")}
    kept = unpack(row["arguments"], _Arguments)
    return Job(
        **plain,
        cancel=bool(row["cancel"]),
        created=created,
        started=moment(row["started"]),
        finished=moment(row["finished"]),
        changed=row["changed"],
        arguments=kept.shown | kept.secret if secret else kept.shown,
        result=unpack(row["result"], dict[str, Any]),
        error=unpack(row["error"], dict[str, Any]),
    )
