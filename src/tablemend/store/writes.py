"""What is written back to databases: noted before it begins, so that a crash between two databases is found out."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from tablemend.errors import NotFound, StateError
from tablemend.records import Record, Value, now
from tablemend.store import processes, schema
from tablemend.store.codec import moment, pack, stamp, unpack
from tablemend.store.database import Database

STATUSES = ("pending", "written", "failed", "lost")
"""`lost`: its process ended, and whether the database took it could not be told."""


class Written(Record, frozen=True, kw_only=True):
    """What became of every row of a change set in a database: total is the sum of the others."""

    total: int = 0
    updated: int = 0
    inserted: int = 0
    deleted: int = 0
    conflicts: int = 0  # rows that somebody else has changed meanwhile, and that were left alone
    missing: int = 0  # rows that are no longer there
    left: tuple[dict[str, Value], ...] = ()  # keys of all these rows
    note: str = ""  # why it failed, or how it was found out


class Write(Record, frozen=True, kw_only=True):
    """One change set on its way to a database."""

    id: str
    change_set: str
    target: str  # address with table, without password
    status: str
    started: datetime
    finished: datetime | None = None
    outcome: Written = Written()

    @property
    def whole(self) -> bool:
        """Whether no row was left alone."""
        return not (self.outcome.conflicts or self.outcome.missing)


class Writes:
    """The writes of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, change_set: str, target: str) -> Write:
        """Note that a change set is about to be written; StateError where it is being written there already."""
        table, process, started = schema.writes, processes.current(), now()
        write = Write(
            id=f"w{secrets.token_hex(4)}", change_set=change_set, target=target, status="pending", started=started
        )
        with self._database.transaction() as connection:
            for each in self._of(connection, change_set, target):
                if each.status in ("pending", "written"):
                    state = "being written" if each.status == "pending" else "written"
                    raise StateError(
                        f"change set {change_set} is {state} to {target} already ({each.id})",
                        hint="`tablemend history DATASET` lists what was written.",
                    )
            connection.execute(
                table.insert().values(
                    id=write.id,
                    change_set=change_set,
                    target=target,
                    status="pending",
                    host=process.host,
                    pid=process.pid,
                    pid_started=process.started,
                    started=stamp(started),
                    body=pack(write.outcome),
                )
            )
        return write

    def finish(self, write: str, status: str, outcome: Written) -> None:
        """End a pending write; StateError for one that is not pending or a status it cannot end with."""
        if status not in STATUSES[1:]:
            raise StateError(f"a write cannot end as {status!r}", hint=f"It ends as one of {', '.join(STATUSES[1:])}.")
        table = schema.writes
        values = {"status": status, "finished": stamp(now()), "body": pack(outcome)}
        with self._database.transaction() as connection:
            changed = connection.execute(
                table.update().where(table.c.id == write, table.c.status == "pending").values(**values)
            )
            if changed.rowcount != 1:
                raise StateError(f"write {write} is not pending")

    def get(self, write: str) -> Write:
        """One write; `NotFound` where there is none."""
        table = schema.writes
        with self._database.reading() as connection:
            row = connection.execute(sa.select(table).where(table.c.id == write)).mappings().first()
        if row is None:
            raise NotFound(f"there is no write {write}", hint="`tablemend history DATASET` lists them.")
        return _write(row)

    def of(self, change_set: str | None = None) -> list[Write]:
        """Writes, oldest first."""
        with self._database.reading() as connection:
            return self._of(connection, change_set)

    @staticmethod
    def _of(connection: sa.Connection, change_set: str | None, target: str | None = None) -> list[Write]:
        table = schema.writes
        query = sa.select(table).order_by(table.c.seq)
        if change_set is not None:
            query = query.where(table.c.change_set == change_set)
        if target is not None:
            query = query.where(table.c.target == target)
        return [_write(row) for row in connection.execute(query).mappings()]

    def dead(self) -> list[Write]:
        """Pending writes whose process ended."""
        table = schema.writes
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(table).where(table.c.status == "pending")).mappings().all()
        return [_write(row) for row in rows if _process(row).alive is False]


def _process(row: Mapping[Any, Any]) -> processes.Process:
    return processes.Process(host=row["host"], pid=row["pid"], started=row["pid_started"])


def _write(row: Mapping[Any, Any]) -> Write:
    started = moment(row["started"])
    if started is None:
        raise StateError(f"write {row['id']} has no start")
    return Write(
        id=row["id"],
        change_set=row["change_set"],
        target=row["target"],
        status=row["status"],
        started=started,
        finished=moment(row["finished"]),
        outcome=unpack(row["body"], Written),
    )


def failed(problem: BaseException) -> Written:
    """The outcome of a write that was taken back as a whole."""
    return msgspec.structs.replace(Written(), note=f"{type(problem).__name__}: {problem}")
