"""The log of decisions: it only grows, and the newest entry of an item is its decision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from tablemend.errors import StateError
from tablemend.records import DECISIONS, Decision, Item, now
from tablemend.store import schema
from tablemend.store.codec import moment, pack, stamp, unpack
from tablemend.store.database import Database

REJECTED_BEFORE = "rejected before with other content: "
"""How the reason of an open item begins that a person rejected when it said something else."""

_OPEN = {"decision": "open", "decided_by": "", "reason": ""}
_CHUNK = 500  # items asked for at a time
_COLUMNS = ("item", "version", "decision", "by", "gate", "reason", "note", "rating", "explanation", "when")


class _Target(NamedTuple):
    """The version of an item that a decision is about."""

    seq: int  # of the item
    newest: bool  # it has the content that the newest version has


class Decisions:
    """The decisions of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, decisions: Sequence[Decision]) -> None:
        """Append decisions; those on the content that is newest become current. All or nothing.

        StateError for an unknown word, item or version.
        """
        if not decisions:
            return
        for each in decisions:
            if each.decision not in DECISIONS:
                raise StateError(f"{each.decision!r} is no decision", hint=f"It is one of {', '.join(DECISIONS)}.")
        with self._database.transaction() as connection:
            known = self._targets(connection, {each.item for each in decisions})
            for each in decisions:
                if (each.item, each.version) not in known:
                    raise StateError(
                        f"there is no version {each.version} of item {each.item!r}",
                        hint="`tablemend items` lists them.",
                    )
            found = [(each, known[each.item, each.version]) for each in decisions]
            self._database.insert(connection, schema.decisions, _COLUMNS, [_row(*pair) for pair in found])
            if current := [_current(each, target) for each, target in found if target.newest]:
                connection.execute(_MAKE_CURRENT, current)

    def _targets(self, connection: sa.Connection, ids: set[str]) -> dict[tuple[str, int], _Target]:
        items, versions = schema.items.c, schema.item_versions.c
        query = (
            sa.select(items.id, versions.version, items.seq, (items.content == versions.content).label("newest"))
            .join(schema.item_versions, versions.item == items.seq)
            .where(self._database.dialect.within("items.id", ids))
        )
        rows = connection.execute(query)
        return {(identity, version): _Target(seq, bool(newest)) for identity, version, seq, newest in rows}

    @classmethod
    def standing(cls, connection: sa.Connection, contents: Mapping[int, str]) -> dict[int, dict[str, str]]:
        """Decision, who and why, as the table of items has them, of what was last decided on a content of each item.

        Content that nobody decided on is open. Where a person rejected the item with other content, it is open by that
        person, so that it waits for people and not for a gate.
        """
        log: dict[int, list[Any]] = {}
        for row in cls._log(connection, list(contents)):
            log.setdefault(row.item, []).append(row)
        return {item: _standing(log.get(item, ()), content) for item, content in contents.items()}

    @classmethod
    def then(
        cls, connection: sa.Connection, versions: Sequence[tuple[int, int]]
    ) -> dict[tuple[int, int], dict[str, str]]:
        """Of older versions of items: the last decision that is theirs.

        Theirs are the decisions on their content that people took, and those that gates took before a later version.
        """
        log: dict[int, list[Any]] = {}
        for row in cls._log(connection, [item for item, _ in versions]):
            log.setdefault(row.item, []).append(row)
        found = {}
        for item, version in versions:
            rows = log.get(item, [])
            content = cls._content(connection, item, version)
            own = (row for row in rows if row.content == content and (not row.gate or row.version <= version))
            row = next(own, None)
            found[item, version] = _told(row) if row else dict(_OPEN)
        return found

    @staticmethod
    def _content(connection: sa.Connection, item: int, version: int) -> str:
        table = schema.item_versions.c
        query = sa.select(table.content).where(table.item == item, table.version == version)
        return str(connection.execute(query).scalar_one())

    @staticmethod
    def _log(connection: sa.Connection, items: Sequence[int]) -> list[Any]:
        """Decisions on items with the content that each was about, newest first."""
        table, versions = schema.decisions.c, schema.item_versions.c
        query = (
            sa.select(table.item, table.version, table.decision, table.by, table.gate, table.reason, versions.content)
            .join(schema.item_versions, (versions.item == table.item) & (versions.version == table.version))
            .where(table.item.in_(sa.bindparam("items", expanding=True)))
            .order_by(table.seq.desc())
        )
        found: list[Any] = []
        for start in range(0, len(items), _CHUNK):
            found += connection.execute(query, {"items": list(items[start : start + _CHUNK])}).all()
        return found

    def of(self, item: str) -> list[Decision]:
        """The log of one item, oldest first."""
        table, items = schema.decisions, schema.items
        query = sa.select(table, items.c.id).join(items, items.c.seq == table.c.item).where(items.c.id == item)
        with self._database.reading() as connection:
            return [_decision(row) for row in connection.execute(query.order_by(table.c.seq)).mappings()]

    def last(self, kind: str | None, *, people: bool) -> Iterator[tuple[Item, Decision]]:
        """Items that have a decision, as they were when it was taken, each with the last one, in order of decision."""
        table, items, versions, runs = schema.decisions, schema.items, schema.item_versions, schema.runs
        newest = sa.select(sa.func.max(table.c.seq)).group_by(table.c.item)
        newest = newest.where(~table.c.gate) if people else newest
        query = (
            sa.select(table, items.c.id, versions.c.body, runs.c.id.label("run"))
            .join(items, items.c.seq == table.c.item)
            .join(versions, (versions.c.item == table.c.item) & (versions.c.version == table.c.version))
            .join(runs, runs.c.seq == versions.c.run)
            .where(table.c.seq.in_(newest))
            .order_by(table.c.seq)
        )
        if kind is not None:
            query = query.where(items.c.type == kind)
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        for row in rows:
            yield _as_decided(row), _decision(row)


_MAKE_CURRENT = (
    schema.items.update()
    .where(schema.items.c.seq == sa.bindparam("of"))
    .values(
        decision=sa.bindparam("to"),
        decided_by=sa.bindparam("who"),
        reason=sa.bindparam("why"),
        updated=sa.bindparam("at"),
    )
)


def _standing(log: Sequence[Any], content: str) -> dict[str, str]:
    """What a log, the newest first, says of a content."""
    row = next((row for row in log if row.content == content), None)
    if row is not None:
        return _told(row)
    last = next((row for row in log if not row.gate), None)
    if last is None or last.decision != "rejected":
        return dict(_OPEN)
    return {"decision": "open", "decided_by": last.by, "reason": f"{REJECTED_BEFORE}{last.reason}".rstrip(": ")}


def _told(row: Any) -> dict[str, str]:
    return {"decision": row.decision, "decided_by": _who(row.by, gate=row.gate), "reason": row.reason}


def _who(by: str, *, gate: bool) -> str:
    return f"gate:{by}" if gate else by


def _current(each: Decision, target: _Target) -> dict[str, Any]:
    who = _who(each.by, gate=each.gate)
    return {"of": target.seq, "to": each.decision, "who": who, "why": each.reason, "at": stamp(each.when)}


def _row(each: Decision, target: _Target) -> tuple[Any, ...]:
    explanation = pack(list(each.explanation))
    told = (each.decision, each.by, each.gate, each.reason, each.note, each.rating)
    return (target.seq, each.version, *told, explanation, stamp(each.when))


def _as_decided(row: Mapping[Any, Any]) -> Item:
    return msgspec.structs.replace(
        unpack(row["body"], Item),
        run=row["run"],
        version=row["version"],
        decision=row["decision"],
        decided_by=_who(row["by"], gate=row["gate"]),
        reason=row["reason"],
    )


def _decision(row: Mapping[Any, Any]) -> Decision:
    return Decision(
        item=row["id"],
        version=row["version"],
        decision=row["decision"],
        by=row["by"],
        gate=row["gate"],
        reason=row["reason"],
        note=row["note"],
        rating=row["rating"],
        explanation=tuple(unpack(row["explanation"], list[str])),
        when=moment(row["when"]) or now(),
    )
