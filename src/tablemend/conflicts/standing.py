"""How kept conflicts stand, and who set that: what the decisions on their items follow."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from tablemend.conflicts.assembling import KEY
from tablemend.conflicts.changes import DELETED, IGNORED, NEW, PEOPLES, RESOLVED, UPDATED, WORK
from tablemend.conflicts.keeping import Keeper, history_schema, schema, some
from tablemend.conflicts.listing import MOST_IDS, described
from tablemend.databases import bulk
from tablemend.records import Record

if TYPE_CHECKING:
    import pyarrow as pa

DECISIONS = {WORK: "approved", IGNORED: "rejected", DELETED: "rejected", NEW: "open", UPDATED: "open", RESOLVED: "gone"}
"""Status of a conflict → the decision on its item; nobody needs to decide on what is gone."""

DECIDED, UNDONE = "decided", "undone"
"""Actions of the history by which people change a status."""


class Change(Record, frozen=True, kw_only=True):
    """The last change by people of a conflict."""

    action: str
    run: str
    at: datetime
    by: str = ""
    note: str = ""


def statuses(keeper: Keeper, keys: Collection[str]) -> dict[str, str]:
    """The status of each of these conflicts that is kept."""
    if not keys or not keeper.is_there:
        return {}
    if len(keys) > MOST_IDS:
        asked = set(keys)
        return {key: status for key, status in _pairs(keeper, "1 = 1", {}) if key in asked}
    return _few(keeper, list(keys))


def settled(keeper: Keeper, runs: Sequence[str]) -> dict[str, str]:
    """The status of each conflict that people have set, and of each that one of these runs found no longer."""
    if not keeper.is_there:
        return {}
    quoted = keeper.database.dialect.identifier_preparer.quote_identifier
    peoples = ", ".join(f"'{each}'" for each in PEOPLES)
    named, given = _named(runs)
    gone = f" OR ({quoted('status')} = '{RESOLVED}' AND {quoted('run')} IN ({named}))" if runs else ""
    return dict(_pairs(keeper, f"({quoted('status')} IN ({peoples}){gone})", given))


def written(keeper: Keeper, runs: Sequence[str], columns: Sequence[str]) -> pa.Table:
    """The conflicts that these runs were the last to write, that are found, and that people have not set aside."""
    quoted = keeper.database.dialect.identifier_preparer.quote_identifier
    named, given = _named(runs)
    states = ", ".join(f"'{each}'" for each in (NEW, UPDATED, WORK))
    where = f"{quoted('ruleset')} = :ruleset AND {quoted('run')} IN ({named}) AND {quoted('status')} IN ({states})"
    names = [*columns, "found"]
    params = {"ruleset": keeper.ruleset, **given}
    rows = bulk.read(keeper.database, keeper.table, columns=names, where=where, params=params).read_all()
    rows = rows.cast(some(names))
    return rows.filter(rows["found"]).drop_columns("found")


def last_changes(keeper: Keeper, keys: Collection[str]) -> dict[str, Change]:
    """What people did last to each of these conflicts."""
    table = described(keeper.history, history_schema())
    columns = [table.c[name] for name in (KEY, "action", "run", "at", "by", "note")]
    found: dict[str, Change] = {}
    with keeper.database.connect() as connection:
        for some_keys in _chunks(list(keys)):
            query = sa.select(*columns).where(table.c[KEY].in_(some_keys), table.c["action"].in_((DECIDED, UNDONE)))
            for key, action, run, at, by, note in connection.execute(query.order_by(table.c["at"])):
                moment = at.replace(tzinfo=UTC)
                found[key] = Change(action=action, run=run, at=moment, by=by or "", note=note or "")
    return found


def changed(keeper: Keeper, run: str) -> list[str]:
    """The conflicts that a run changed."""
    table = described(keeper.history, history_schema())
    with keeper.database.connect() as connection:
        return [*connection.execute(sa.select(table.c[KEY]).where(table.c["run"] == run)).scalars()]


def _few(keeper: Keeper, keys: list[str]) -> dict[str, str]:
    table = described(keeper.table, schema())
    query = sa.select(table.c[KEY], table.c["status"]).where(table.c["ruleset"] == keeper.ruleset)
    with keeper.database.connect() as connection:
        return {
            key: status
            for chunk in _chunks(keys)
            for key, status in connection.execute(query.where(table.c[KEY].in_(chunk)))
        }


def _pairs(keeper: Keeper, condition: str, params: dict[str, str]) -> Iterator[tuple[str, str]]:
    quoted = keeper.database.dialect.identifier_preparer.quote_identifier
    where = f"{quoted('ruleset')} = :ruleset AND {condition}"
    names = [KEY, "status"]
    given = {"ruleset": keeper.ruleset, **params}
    reader = bulk.read(keeper.database, keeper.table, columns=names, where=where, params=given)
    table = reader.read_all().cast(some(names))
    return zip(table[KEY].to_pylist(), table["status"].to_pylist(), strict=True)


def _named(runs: Sequence[str]) -> tuple[str, dict[str, str]]:
    """The parameters of a list of runs, as a statement names them, with their values."""
    given = {f"run_{place}": run for place, run in enumerate(runs)}
    return ", ".join(f":{name}" for name in given), given


def _chunks(keys: list[str], size: int = 500) -> Iterator[list[str]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))
