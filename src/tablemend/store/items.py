"""Items and their decisions: versioned, listed by filter, written in batches that are all or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from tablemend.errors import NotFound, StateError
from tablemend.records import Decision, Item, Record, now
from tablemend.store import schema
from tablemend.store.codec import moment, pack, stamp, unpack
from tablemend.store.database import Database

_CHUNK = 500  # keys in one IN list, well below SQLite's limit of parameters
_MARK = "\x1f"  # stands around each member of a list kept as text, so that LIKE finds whole members


class Filter(Record, frozen=True, kw_only=True):
    """Which items are meant; every condition that is set must hold."""

    run: str | None = None
    ids: tuple[str, ...] = ()
    type: str | None = None
    decision: str | None = None
    check: str | None = None
    operation: str | None = None
    column: str | None = None
    dimension: str | None = None
    flag: str | None = None
    min_confidence: float | None = None
    max_confidence: float | None = None
    min_rows: int | None = None
    max_rows: int | None = None
    text: str | None = None


class Items:
    """The items of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, items: Sequence[Item]) -> None:
        """Write items of a run: new ones, new versions where the content differs, else a link to the run.

        A new version is open; the decision on the older one stays in the log. All or nothing. StateError where an
        item stands twice in the batch, or its run is unknown.
        """
        if len({item.id for item in items}) != len(items):
            raise StateError("an item stands twice in one batch", hint="Give each item an id of its own.")
        try:
            self._put(items)
        except sa.exc.IntegrityError as problem:
            raise StateError(f"items cannot be kept: {problem.orig}", hint="Begin their run first.") from problem

    def _put(self, items: Sequence[Item]) -> None:
        when = stamp(now())
        with self._database.transaction() as connection:
            known = self._known(connection, [item.id for item in items])
            fresh = [item for item in items if item.id not in known]
            changed = [item for item in items if item.id in known and known[item.id][1] != item.content]
            version = {item.id: 1 for item in fresh}
            version |= {item.id: known[item.id][0] + 1 for item in changed}
            version |= {item.id: known[item.id][0] for item in items if item.id not in version}
            self._insert(connection, fresh, when)
            self._renew(connection, changed, version, when)
            self._record_versions(connection, [*fresh, *changed], version, when)
            self._link(connection, items, version)

    @staticmethod
    def _known(connection: sa.Connection, ids: Sequence[str]) -> dict[str, tuple[int, str]]:
        table = schema.items
        found: dict[str, tuple[int, str]] = {}
        for start in range(0, len(ids), _CHUNK):
            query = sa.select(table.c.id, table.c.version, table.c.content).where(
                table.c.id.in_(ids[start : start + _CHUNK])
            )
            found |= {row.id: (row.version, row.content) for row in connection.execute(query)}
        return found

    @staticmethod
    def _insert(connection: sa.Connection, items: Sequence[Item], when: str) -> None:
        if items:
            connection.execute(schema.items.insert(), [_row(item, when) | {"created": when} for item in items])

    @staticmethod
    def _renew(connection: sa.Connection, items: Sequence[Item], version: Mapping[str, int], when: str) -> None:
        for item in items:
            values = _row(item, when) | {"version": version[item.id]}
            connection.execute(schema.items.update().where(schema.items.c.id == item.id).values(**values))

    @staticmethod
    def _record_versions(
        connection: sa.Connection, items: Sequence[Item], version: Mapping[str, int], when: str
    ) -> None:
        if items:
            connection.execute(
                schema.item_versions.insert(),
                [
                    {
                        "item": item.id,
                        "version": version[item.id],
                        "run": item.run,
                        "content": item.content,
                        "body": pack(item),
                        "created": when,
                    }
                    for item in items
                ],
            )

    @staticmethod
    def _link(connection: sa.Connection, items: Sequence[Item], version: Mapping[str, int]) -> None:
        if not items:
            return
        table, run = schema.item_runs, items[0].run
        linked = set(connection.execute(sa.select(table.c.item).where(table.c.run == run)).scalars())
        rows = [
            {"run": run, "position": n, "item": item.id, "version": version[item.id], "applied": ""}
            for n, item in enumerate(items, start=len(linked))
            if item.id not in linked
        ]
        if rows:
            connection.execute(table.insert(), rows)
        for item in items:
            if item.id in linked:
                connection.execute(
                    table.update().where(table.c.run == run, table.c.item == item.id).values(version=version[item.id])
                )

    def select(self, wanted: Filter, *, limit: int | None = None, offset: int = 0) -> list[Item]:
        """Items that meet a filter, in the order in which their run found them."""
        query = _query(wanted).order_by(schema.item_runs.c.run, schema.item_runs.c.position)
        if limit is not None:
            query = query.limit(limit).offset(offset)
        with self._database.reading() as connection:
            return [_item(row) for row in connection.execute(query).mappings()]

    def get(self, item: str, run: str | None = None) -> Item:
        """One item by id, or by an unmistakable beginning of it; `NotFound` otherwise."""
        table = schema.items
        query = sa.select(table.c.id).where(table.c.id.startswith(item, autoescape=True))
        if run is not None:
            links = schema.item_runs
            query = query.where(table.c.id.in_(sa.select(links.c.item).where(links.c.run == run)))
        with self._database.reading() as connection:
            ids = list(connection.execute(query.limit(2)).scalars())
        if len(ids) != 1 or not item:
            raise NotFound(
                f"{item} begins the names of several items" if item and ids else f"there is no item {item!r}",
                hint="`tablemend items` lists them.",
            )
        return self.select(Filter(run=run, ids=tuple(ids)))[-1]

    def count(self, wanted: Filter) -> int:
        """How many items meet a filter."""
        with self._database.reading() as connection:
            return int(
                connection.execute(sa.select(sa.func.count()).select_from(_query(wanted).subquery())).scalar_one()
            )

    def decide(self, decisions: Sequence[Decision]) -> None:
        """Append decisions to the log and make them current; all or nothing."""
        if not decisions:
            return
        with self._database.transaction() as connection:
            connection.execute(schema.decisions.insert(), [_decision_row(each) for each in decisions])
            statement = (
                schema.items.update()
                .where(schema.items.c.id == sa.bindparam("of"))
                .values(
                    decision=sa.bindparam("to"),
                    decided_by=sa.bindparam("who"),
                    reason=sa.bindparam("why"),
                    updated=sa.bindparam("at"),
                )
            )
            connection.execute(
                statement,
                [
                    {
                        "of": each.item,
                        "to": each.decision,
                        "who": f"gate:{each.by}" if each.gate else each.by,
                        "why": each.reason,
                        "at": stamp(each.when),
                    }
                    for each in decisions
                ],
            )

    def decisions(self, item: str) -> list[Decision]:
        """The log of one item, oldest first."""
        table = schema.decisions
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(table).where(table.c.item == item).order_by(table.c.seq)).mappings()
            return [_decision(row) for row in rows]

    def mark_applied(self, run: str, items: Iterable[str], change_set: str) -> None:
        """Say which change set carried out items of a run; an empty one says that it was undone."""
        table = schema.item_runs
        with self._database.transaction() as connection:
            for item in items:
                connection.execute(
                    table.update().where(table.c.run == run, table.c.item == item).values(applied=change_set)
                )


def _row(item: Item, when: str) -> dict[str, Any]:
    return {
        "id": item.id,
        "version": 1,
        "run": item.run,
        "dataset": item.dataset,
        "type": item.type,
        "check_name": item.check,
        "operation": item.operation,
        "columns": _members(item.columns),
        "flags": _members(item.flags),
        "dimension": item.dimension,
        "confidence": item.confidence,
        "cells": item.cells,
        "rows": item.rows,
        "decision": "open",
        "decided_by": "",
        "reason": "",
        "content": item.content,
        "body": pack(item),
        "updated": when,
    }


def _members(values: Iterable[str]) -> str:
    return "".join(f"{_MARK}{value}" for value in values) + _MARK


def _query(wanted: Filter) -> sa.Select[Any]:
    items, links = schema.items, schema.item_runs
    query = sa.select(
        items.c.body,
        items.c.version,
        items.c.decision,
        items.c.decided_by,
        items.c.reason,
        items.c.created,
        items.c.updated,
        links.c.run,
        links.c.applied,
        links.c.version.label("seen"),
    ).join(links, links.c.item == items.c.id)
    query = query.where(links.c.run == wanted.run) if wanted.run else query.where(links.c.run == items.c.run)
    if wanted.ids:
        query = query.where(items.c.id.in_(wanted.ids))
    return query.where(*_conditions(wanted))


def _conditions(wanted: Filter) -> list[sa.ColumnElement[bool]]:
    items = schema.items.c
    equal = {
        items.type: wanted.type,
        items.decision: wanted.decision,
        items.check_name: wanted.check,
        items.operation: wanted.operation,
        items.dimension: wanted.dimension,
    }
    found: list[sa.ColumnElement[bool]] = [column == value for column, value in equal.items() if value is not None]
    for column, member in ((items.columns, wanted.column), (items.flags, wanted.flag)):
        if member is not None:
            found.append(column.contains(_members([member]), autoescape=True))
    if wanted.text is not None:
        found.append(sa.cast(items.body, sa.String).icontains(wanted.text, autoescape=True))
    bounds = (
        (items.confidence, wanted.min_confidence, wanted.max_confidence),
        (items.rows, wanted.min_rows, wanted.max_rows),
    )
    for column, low, high in bounds:
        if low is not None:
            found.append(column >= low)
        if high is not None:
            found.append(column <= high)
    return found


def _item(row: Mapping[Any, Any]) -> Item:
    return msgspec.structs.replace(
        unpack(row["body"], Item),
        run=row["run"],
        version=row["version"],
        decision=row["decision"],
        decided_by=row["decided_by"],
        reason=row["reason"],
        applied=row["applied"],
        stale=row["seen"] < row["version"],
        created=moment(row["created"]),
        updated=moment(row["updated"]),
    )


def _decision_row(each: Decision) -> dict[str, Any]:
    return {
        "item": each.item,
        "version": each.version,
        "decision": each.decision,
        "by": each.by,
        "gate": each.gate,
        "reason": each.reason,
        "note": each.note,
        "rating": each.rating,
        "explanation": pack(list(each.explanation)),
        "when": stamp(each.when),
    }


def _decision(row: Mapping[Any, Any]) -> Decision:
    when = moment(row["when"])
    return Decision(
        item=row["item"],
        version=row["version"],
        decision=row["decision"],
        by=row["by"],
        gate=row["gate"],
        reason=row["reason"],
        note=row["note"],
        rating=row["rating"],
        explanation=tuple(unpack(row["explanation"], list[str])),
        when=when or now(),
    )
