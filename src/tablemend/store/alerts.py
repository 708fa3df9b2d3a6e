"""Alerts: what somebody is to be told of, once until it changes, and how the telling went."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from tablemend.errors import NotFound, StateError
from tablemend.records import Record, now
from tablemend.store import processes, schema
from tablemend.store.codec import moment, pack, stamp, unpack
from tablemend.store.database import Database

_table = schema.alerts

Kind = Literal["score", "drift", "failed", "stalled", "test"]


class Delivery(Record, frozen=True, kw_only=True):
    """One way on which an alert is told, and how that went."""

    channel: str  # log, webhook, mail
    to: str = ""  # host or addresses, no secret
    status: str = "pending"  # pending, sending, delivered, failed
    attempts: int = 0
    detail: str = ""  # why it failed
    when: datetime | None = None  # of its end
    sender: processes.Process | None = None  # who sends it now


class Alert(Record, frozen=True, kw_only=True):
    """Something that somebody is to be told of."""

    id: str
    kind: str  # score, drift, failed, stalled, test
    schedule: str = ""  # empty: of none
    dataset: str = ""
    run: str = ""
    state: str  # while it stays the same, nobody is told again
    message: str
    created: datetime
    resolved: datetime | None = None  # when it was no longer so
    deliveries: tuple[Delivery, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        shown = {name: getattr(self, name) for name in self.__struct_fields__ if name != "deliveries"}
        ways = [
            {name: getattr(each, name) for name in each.__struct_fields__ if name != "sender"}
            for each in self.deliveries
        ]
        return dict(msgspec.to_builtins(shown | {"deliveries": ways}))


class Alerts:
    """The alerts of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def tell(
        self,
        kind: Kind,
        *,
        state: str,
        message: str,
        deliveries: Iterable[Delivery],
        schedule: str = "",
        dataset: str = "",
        run: str = "",
        repeat: float = 0.0,
    ) -> Alert | None:
        """A new alert; None where the same was told already and still holds.

        With `repeat` it is told again after so many seconds.
        """
        ways = tuple(deliveries)
        identity = f"a{secrets.token_hex(4)}"
        with self._database.transaction() as connection:
            before = self._standing(connection, kind, schedule, dataset)
            if before is not None:
                again = repeat and now() - before.created >= timedelta(seconds=repeat)
                if before.state == state and not again:
                    return None
                self._end(connection, before.id)
            values = {"id": identity, "kind": kind, "schedule": schedule, "dataset": dataset, "run": run}
            texts = {"state": state, "message": message, "created": stamp(now())}
            waiting = sum(each.status == "pending" for each in ways)
            connection.execute(_table.insert().values(**values, **texts, pending=waiting, deliveries=pack(ways)))
        return self.get(identity)

    def resolve(self, kind: Kind, *, schedule: str = "", dataset: str = "") -> bool:
        """Note that something is no longer so; False where it was not."""
        with self._database.reading() as connection:
            if self._standing(connection, kind, schedule, dataset) is None:
                return False
        with self._database.transaction() as connection:
            before = self._standing(connection, kind, schedule, dataset)
            if before is not None:
                self._end(connection, before.id)
            return before is not None

    def standing(self, kind: Kind) -> list[Alert]:
        """The alerts of a kind that still hold, oldest first."""
        query = sa.select(_table).where(_table.c.kind == kind, _table.c.resolved.is_(None)).order_by(_table.c.seq)
        with self._database.reading() as connection:
            return [_record(row) for row in connection.execute(query).mappings()]

    def get(self, alert: str) -> Alert:
        """One alert; `NotFound` where there is none."""
        with self._database.reading() as connection:
            return _record(self._row(connection, alert))

    def recent(self, *, limit: int = 100, kind: str | None = None, dataset: str | None = None) -> list[Alert]:
        """Alerts, newest first."""
        query = sa.select(_table).order_by(_table.c.seq.desc()).limit(limit)
        for column, wanted in ((_table.c.kind, kind), (_table.c.dataset, dataset)):
            if wanted is not None:
                query = query.where(column == wanted)
        with self._database.reading() as connection:
            return [_record(row) for row in connection.execute(query).mappings()]

    def claim(self) -> tuple[Alert, int] | None:
        """Take a delivery that is to be made, for this process: the alert, and the number of the delivery."""
        query = sa.select(_table).where(_table.c.pending > 0).order_by(_table.c.seq)
        with self._database.reading() as connection:
            if _first(connection.execute(query).mappings()) is None:
                return None
        with self._database.transaction() as connection:
            found = _first(connection.execute(query).mappings())
            if found is not None:
                alert, number = found
                taken = msgspec.structs.replace(
                    alert.deliveries[number], status="sending", sender=processes.current(), when=now()
                )
                self._put(connection, alert, number, taken)
            return found

    def ended(self, alert: str, number: int, delivery: Delivery) -> None:
        """Note how a delivery went."""
        with self._database.transaction() as connection:
            self._put(connection, _record(self._row(connection, alert)), number, delivery)

    @staticmethod
    def _put(connection: sa.Connection, alert: Alert, number: int, delivery: Delivery) -> None:
        ways = (*alert.deliveries[:number], delivery, *alert.deliveries[number + 1 :])
        waiting = sum(each.status in ("pending", "sending") for each in ways)
        values = {"deliveries": pack(ways), "pending": waiting}
        connection.execute(_table.update().where(_table.c.id == alert.id).values(**values))

    @staticmethod
    def _standing(connection: sa.Connection, kind: str, schedule: str, dataset: str) -> Alert | None:
        own = (_table.c.kind == kind, _table.c.schedule == schedule, _table.c.dataset == dataset)
        query = sa.select(_table).where(*own, _table.c.resolved.is_(None)).order_by(_table.c.seq.desc()).limit(1)
        row = connection.execute(query).mappings().first()
        return None if row is None else _record(row)

    @staticmethod
    def _end(connection: sa.Connection, alert: str) -> None:
        connection.execute(_table.update().where(_table.c.id == alert).values(resolved=stamp(now())))

    @staticmethod
    def _row(connection: sa.Connection, alert: str) -> Mapping[Any, Any]:
        row = connection.execute(sa.select(_table).where(_table.c.id == alert)).mappings().first()
        if row is None:
            raise NotFound(f"there is no alert {alert}", hint="The page of runs lists the alerts.")
        return row


def _first(rows: Iterable[Mapping[Any, Any]]) -> tuple[Alert, int] | None:
    """The first delivery that nobody makes: it waits, or whoever made it is gone."""
    for row in rows:
        alert = _record(row)
        for number, each in enumerate(alert.deliveries):
            if each.status == "pending" or (each.status == "sending" and _gone(each)):
                return alert, number
    return None


def _gone(delivery: Delivery) -> bool:
    alive = None if delivery.sender is None else delivery.sender.alive
    if alive is None:
        return delivery.when is None or now() - delivery.when > processes.SILENCE
    return not alive


def _record(row: Mapping[Any, Any]) -> Alert:
    created = moment(row["created"])
    if created is None:
        raise StateError(f"alert {row['id']} has no time")
    plain = {name: row[name] for name in ("id", "kind", "schedule", "dataset", "run", "state", "message")}
    return Alert(
        **plain,
        created=created,
        resolved=moment(row["resolved"]),
        deliveries=unpack(row["deliveries"], tuple[Delivery, ...]),
    )
