"""Runs: beginning, heartbeat, end; and the runs whose process died."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from tablemend.errors import NotFound, StateError
from tablemend.records import Run, now
from tablemend.store import processes, schema
from tablemend.store.codec import moment, pack, stamp, unpack
from tablemend.store.database import Database

T = TypeVar("T")

STATUSES = ("running", "completed", "failed", "partial", "cancelled")

BESIDE = "beside"
"""Name of the result that lists files."""

_table = schema.runs

_KEEP_SETTINGS = sa.text("INSERT INTO settings_snapshots (hash, body) VALUES (:hash, :body) ON CONFLICT DO NOTHING")


def settings_snapshot(settings: Mapping[str, Any]) -> tuple[str, bytes]:
    """Hash and bytes of settings: the same for equal settings, whatever their order and wherever they are read."""
    body = msgspec.json.encode(settings, order="deterministic")
    return hashlib.sha256(body).hexdigest()[:32], body


class Runs:
    """The runs of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(
        self, kind: str, *, dataset: str | None = None, version: int | None = None, settings: Mapping[str, Any]
    ) -> Run:
        """Start a run under this process, with a copy of the settings it goes by."""
        digest, body = settings_snapshot(settings)
        process, started = processes.current(), now()
        run = Run(
            id=f"r{secrets.token_hex(4)}",
            kind=kind,
            status="running",
            dataset=dataset or "",
            version=version,
            started=started,
            settings_hash=digest,
        )
        with self._database.transaction() as connection:
            connection.execute(_KEEP_SETTINGS, {"hash": digest, "body": body})
            connection.execute(
                _table.insert().values(
                    id=run.id,
                    kind=kind,
                    status="running",
                    dataset=dataset,
                    version=version,
                    started=stamp(started),
                    heartbeat=stamp(started),
                    host=process.host,
                    pid=process.pid,
                    pid_started=process.started,
                    settings_hash=digest,
                    notes=pack([]),
                    counts=pack({}),
                )
            )
        return run

    def beat(self, run: str) -> None:
        """Say that the run still works."""
        with self._database.transaction() as connection:
            connection.execute(_table.update().where(_table.c.id == run).values(heartbeat=stamp(now())))

    def finish(
        self,
        run: str,
        status: str,
        *,
        version: int | None = None,
        dataset: str | None = None,
        notes: Iterable[str] = (),
        counts: Mapping[str, int] | None = None,
    ) -> None:
        """End a running run; ending it twice, or with an unknown status, is an error."""
        if status not in STATUSES[1:]:
            raise StateError(f"a run cannot end as {status!r}", hint=f"It ends as one of {', '.join(STATUSES[1:])}.")
        values: dict[str, Any] = {"status": status, "finished": stamp(now()), "notes": pack(list(notes))}
        values["counts"] = pack(dict(counts or {}))
        values |= {k: v for k, v in (("version", version), ("dataset", dataset)) if v is not None}
        with self._database.transaction() as connection:
            changed = connection.execute(
                _table.update().where(_table.c.id == run, _table.c.status == "running").values(**values)
            )
            if changed.rowcount != 1:
                known = self.get(run)
                raise StateError(
                    f"run {run} is not running: it is {known.status}",
                    hint="A run ends once; `tablemend runs list` lists them.",
                )

    def abort(self, run: str, status: str, *, note: str = "") -> None:
        """End a run that was interrupted, unless its work was committed already."""
        values = {"status": status, "finished": stamp(now()), "notes": pack([note] if note else [])}
        with self._database.transaction() as connection:
            connection.execute(_table.update().where(_table.c.id == run, _table.c.status == "running").values(**values))

    def settings(self, digest: str) -> dict[str, Any]:
        """The settings that a run went by; `NotFound` where nothing has that hash."""
        table = schema.settings_snapshots
        with self._database.reading() as connection:
            body = connection.execute(sa.select(table.c.body).where(table.c.hash == digest)).scalar()
        if body is None:
            raise NotFound(f"there are no settings {digest!r}", hint="`settings_hash` of a run names them.")
        return unpack(body, dict[str, Any])

    def get(self, run: str) -> Run:
        """One run; `NotFound` where there is none."""
        query = sa.select(_table).where(_table.c.id == run)
        row = self._database.recall(("run", run), lambda connection: connection.execute(query).mappings().first())
        if row is None:
            raise NotFound(f"there is no run {run}", hint="`tablemend runs list` lists them.")
        return as_run(row)

    def latest(
        self,
        kind: str,
        dataset: str | None = None,
        *,
        statuses: Iterable[str] = ("completed",),
        hint: str = "Run `tablemend scan SOURCE` first.",
    ) -> Run:
        """The newest run of a kind that ended so; `NotFound` where there is none."""
        query = sa.select(_table).where(_table.c.kind == kind, _table.c.status.in_(tuple(statuses)))
        if dataset is not None:
            query = query.where(_table.c.dataset == dataset)
        with self._database.reading() as connection:
            row = connection.execute(query.order_by(_table.c.seq.desc()).limit(1)).mappings().first()
        if row is None:
            raise NotFound(f"there is no {kind} yet", hint=hint)
        return as_run(row)

    def recent(self, *, dataset: str | None = None, limit: int = 100) -> list[Run]:
        """Runs, newest first."""
        query = sa.select(_table).order_by(_table.c.seq.desc()).limit(limit)
        if dataset is not None:
            query = query.where(_table.c.dataset == dataset)
        with self._database.reading() as connection:
            return [as_run(row) for row in connection.execute(query).mappings()]

    def running(self) -> int:
        """How many runs are under way."""
        query = sa.select(sa.func.count()).select_from(_table).where(_table.c.status == "running")
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def unfinished(self) -> bool:
        """Whether any run ever failed or was cancelled, and so may have left files that nothing points at."""
        query = sa.select(_table.c.id).where(_table.c.status.in_(("failed", "cancelled"))).limit(1)
        with self._database.reading() as connection:
            return connection.execute(query).first() is not None

    def fail_dead(self) -> list[str]:
        """Mark runs failed whose process died; their ids."""
        with self._database.reading() as connection:
            running = connection.execute(sa.select(_table).where(_table.c.status == "running")).mappings().all()
        dead = [row["id"] for row in running if processes.is_dead(row)]
        if dead:
            with self._database.transaction() as connection:
                connection.execute(
                    _table.update()
                    .where(_table.c.id.in_(dead), _table.c.status == "running")
                    .values(status="failed", finished=stamp(now()), notes=pack(["its process ended before it did"]))
                )
        return dead

    def keep(self, run: str, name: str, value: Any) -> None:
        """Store a result of a run under a name."""
        with self._database.transaction() as connection:
            connection.execute(schema.artifacts.insert().values(run=run, name=name, body=pack(value)))

    def recall(self, run: str, name: str, kind: type[T]) -> T:
        """Read back what `keep` stored; `NotFound` where there is none."""
        table = schema.artifacts
        query = sa.select(table.c.body).where(table.c.run == run, table.c.name == name)
        with self._database.reading() as connection:
            body = connection.execute(query).scalar()
        if body is None:
            raise NotFound(f"run {run} has no {name}", hint="Only a completed scan has one.")
        return unpack(body, kind)

    def recall_all(self, run: str, beginning: str, kind: type[T]) -> list[T]:
        """Read back every result of a run whose name begins so, in the order of their names."""
        table = schema.artifacts
        chosen = table.c.run == run, table.c.name.startswith(beginning, autoescape=True)
        with self._database.reading() as connection:
            query = sa.select(table.c.body).where(*chosen).order_by(table.c.name)
            return [unpack(body, kind) for body in connection.execute(query).scalars()]

    def recall_of(self, runs: Iterable[str], name: str, kind: type[T]) -> dict[str, T]:
        """Read back what `keep` stored under a name for each of some runs; those that have none are left out."""
        table = schema.artifacts
        query = sa.select(table.c.run, table.c.body).where(table.c.run.in_(list(runs)), table.c.name == name)
        with self._database.reading() as connection:
            return {run: unpack(body, kind) for run, body in connection.execute(query)}

    def of_kind(self, kind: str, name: str, what: type[T]) -> list[tuple[Run, T]]:
        """Every run of a kind with its result of a name, newest first; runs without it are left out."""
        table = schema.artifacts
        query = sa.select(_table, table.c.body).join_from(_table, table, table.c.run == _table.c.id)
        query = query.where(_table.c.kind == kind, table.c.name == name).order_by(_table.c.seq.desc())
        with self._database.reading() as connection:
            return [(as_run(row), unpack(row["body"], what)) for row in connection.execute(query).mappings()]

    def files(self, run: str) -> dict[str, str]:
        """The tables that the checks of a scan read beside the scanned one: relation → hash of its file."""
        try:
            return self.recall(run, BESIDE, dict[str, str])
        except NotFound:
            return {}  # it read none

    def hashes(self) -> set[str]:
        """Hashes of every file that runs point at."""
        table = schema.artifacts
        with self._database.reading() as connection:
            bodies = connection.execute(sa.select(table.c.body).where(table.c.name == BESIDE)).scalars().all()
        return {digest for body in bodies for digest in unpack(body, dict[str, str]).values()}


def as_run(row: Mapping[Any, Any]) -> Run:
    """A row of the table of runs as a record."""
    started = moment(row["started"])
    if started is None:
        raise StateError(f"run {row['id']} has no start")
    return Run(
        id=row["id"],
        kind=row["kind"],
        status=row["status"],
        dataset=row["dataset"] or "",
        version=row["version"],
        started=started,
        finished=moment(row["finished"]),
        heartbeat=moment(row["heartbeat"]),
        settings_hash=row["settings_hash"] or "",
        notes=tuple(unpack(row["notes"], list[str])),
        counts=unpack(row["counts"], dict[str, int]),
    )
