"""States of older versions are led to this one, with all they hold."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import servers
from store_helpers import decision
from tablemend.errors import StateError
from tablemend.records import Claim, Item
from tablemend.store import migrate, schema
from tablemend.store.codec import pack
from tablemend.store.database import Database
from tablemend.store.filters import Filter
from tablemend.store.state import Store

WHEN = "2026-01-02T03:04:05.000006+00:00"


def reach(where: str | Path, version: str, fill: Callable[[sa.Connection], Any] = lambda _: None) -> None:
    """Make a state of an older version."""
    with Database(where, prepare=False) as door, door.exclusively() as connection:
        migrate.upgrade(connection, "base", version)
        fill(connection)


def insert(connection: sa.Connection, table: str, **values: Any) -> None:
    quoted = ", ".join(f'"{name}"' for name in values)
    places = ", ".join(f":{name}" for name in values)
    connection.execute(sa.text(f"INSERT INTO {table} ({quoted}) VALUES ({places})"), values)


def fill(connection: sa.Connection) -> None:
    insert(connection, "settings_snapshots", hash="s", body=b"{}")
    for run in ("r1", "r2"):
        process = {"host": "h", "pid": 1, "pid_started": 1.0, "settings_hash": "s", "notes": b"[]", "counts": b"{}"}
        insert(connection, "runs", id=run, kind="scan", status="completed", started=WHEN, heartbeat=WHEN, **process)
    claims = (Claim(id="c1", text="Größer"),)
    for n, name in enumerate(("ib", "ia")):
        made = Item(id=name, run="r1", type="repair", title=f"title {n}", content="c", claims=claims)
        filters = {"dataset": "d", "check_name": "typo", "operation": "trim", "columns": "\x1fa\x1f", "dimension": ""}
        state = {"decision": "approved", "decided_by": "ann", "reason": "yes", "content": "c", "body": pack(made)}
        figures = {"confidence": 0.5, "cells": 1, "rows": 1, "flags": "\x1f"}
        insert(
            connection, "items", id=name, version=1, run="r2", type="repair", created=WHEN, updated=WHEN,
            **filters, **state, **figures,
        )  # fmt: skip
        insert(connection, "item_versions", item=name, version=1, run="r1", content="c", body=pack(made), created=WHEN)
        for run in ("r1", "r2"):
            insert(connection, "item_runs", run=run, position=n, item=name, version=1, applied="")
        told = {"by": "ann", "gate": False, "reason": "yes", "note": "", "explanation": b"[]", "when": WHEN}
        insert(connection, "decisions", item=name, version=1, decision="approved", **told)


def shape(where: str | Path) -> dict[str, Any]:
    """Columns, keys and indexes of every table."""
    with Database(where, prepare=False) as door, door.reading() as connection:
        found = sa.inspect(connection)
        return {
            name: (
                [(c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(name)],
                found.get_pk_constraint(name)["constrained_columns"],
                sorted(str((i["name"], i["column_names"], i["unique"])) for i in found.get_indexes(name)),
                sorted(str(u["column_names"]) for u in found.get_unique_constraints(name)),
                sorted(str((k["constrained_columns"], k["referred_table"])) for k in found.get_foreign_keys(name)),
            )
            for name in found.get_table_names()
        }


def test_an_older_state_becomes_just_what_a_new_one_is(where: str | Path, tmp_path: Path) -> None:
    reach(where, "0001")
    Store(where).close()
    upgraded = shape(where)
    with servers.schema() if isinstance(where, str) else nullcontext(tmp_path / "new.db") as fresh:
        Store(fresh).close()
        assert upgraded == shape(fresh)
    assert upgraded.keys() == schema.metadata.tables.keys()


def test_everything_is_carried_over(where: str | Path) -> None:
    reach(where, "0001", fill)
    with Store(where) as store:
        for run in ("r1", "r2"):
            found = store.items.select(Filter(run=run))
            assert [(each.id, each.title, each.decision, each.decided_by) for each in found] == [
                ("ib", "title 0", "approved", "ann"),
                ("ia", "title 1", "approved", "ann"),
            ]
            assert [each.run for each in found] == [run, run]
        assert [each.reason for each in store.items.decisions("ia")] == ["yes"]
        assert [each.id for each in store.items.select(Filter(text="GRÖSSER"))] == ["ia", "ib"]
        run = store.runs.begin("scan", settings={}).id
        store.items.put(
            [Item(id="ic", run=run, type="repair", title="new"), Item(id="ia", run=run, type="x", title="y")]
        )
        assert store.items.get("ia").version == 2
        store.items.decide([decision("ia", version=2)])
        assert [each.version for each in store.items.decisions("ia")] == [1, 2]
        assert [each.id for each in store.items.select(Filter(run=run))] == ["ic", "ia"]


def test_a_state_of_a_newer_version_is_left_alone(where: str | Path) -> None:
    with Store(where) as opened, opened.transaction() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StateError, match="schema 9999"):
        Store(where)


def test_a_migration_that_fails_leaves_the_older_state(where: str | Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reach(where, "0001", fill)
    before = shape(where)

    def stop(connection: sa.Connection, found: str) -> None:
        migrate_for_real(connection, found)
        raise KeyboardInterrupt

    migrate_for_real = migrate.upgrade
    monkeypatch.setattr(migrate, "upgrade", stop)
    with pytest.raises(KeyboardInterrupt):
        Store(where)
    assert shape(where) == before
