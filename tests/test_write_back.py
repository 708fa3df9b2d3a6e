"""Healing a table in place: what was approved, and only that, reaches the database, and comes back out of it."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

import servers
from core_helpers import proposal, scan, workspace
from tablemend.databases.database import Database
from tablemend.errors import (
    Conflict,
    ConstraintBroken,
    CountMismatch,
    DatabaseError,
    MissingObject,
    RepairError,
    StateError,
    TablemendError,
)
from tablemend.records import Proposal
from tablemend.repair.results import Scanned
from tablemend.workspace import Workspace

KINDS = ("sqlite", "duckdb", "postgresql", "mysql")
COLUMNS = "id INTEGER PRIMARY KEY, city VARCHAR(40), price DECIMAL(10, 2), ordered DATE, note VARCHAR(9)"
CREATE = f"CREATE TABLE orders ({COLUMNS})"
CITIES = ("Bonn", " Bonn", "Köln", None, "Berlin ")
TRIM = proposal("trim", "city")
MAP = proposal("map_values", "note", pairs=[["a", "A"], [None, "none"]])
CAP = proposal("cap", "price", low=2, high=40)


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a database with the table `orders`, once for each kind."""
    with made(request.param, tmp_path) as found:
        yield found


@contextmanager
def made(kind: str, folder: Path, create: str = CREATE, rows: int = 50) -> Iterator[str]:
    if kind in ("sqlite", "duckdb"):
        found = f"{kind}:///{folder}/shop.{kind}"
        (sqlite3 if kind == "sqlite" else duckdb).connect(folder / f"shop.{kind}").close()
        run(found, *filled(create, rows))
        yield found
        return
    with servers.database(kind, folder) as found:
        run(found, *filled(create, rows))
        yield found


def filled(create: str, rows: int) -> list[str]:
    values = []
    for n in range(rows):
        city = CITIES[n % 5]
        spelled = "NULL" if city is None else f"'{city}'"
        note = ("'a'", "'b'", "NULL")[n % 3]
        values.append(f"({n}, {spelled}, {n}.25, '2026-01-{n % 28 + 1:02}', {note})")
    return [create, f"INSERT INTO orders VALUES {', '.join(values)}"] if rows else [create]


def run(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements as another client would; the rows of the last."""
    found: list[tuple[Any, ...]] = []
    with Database(url) as database, database.transaction() as connection:
        for statement in statements:
            result = connection.exec_driver_sql(statement)
            found = [tuple(row) for row in result] if result.returns_rows else []
    return found


def content(url: str) -> dict[Any, tuple[Any, ...]]:
    return {row[0]: row[1:] for row in run(url, "SELECT * FROM orders ORDER BY id")}


def scanned(ws: Workspace, url: str, *proposals: Proposal) -> Scanned:
    found = scan(ws, f"{url}#orders", proposals)
    ws.approve(found.run, force=True)
    return found


def test_only_what_changed_is_written_and_undo_brings_all_of_it_back(url: str, tmp_path: Path) -> None:
    before = content(url)
    with workspace(tmp_path) as ws:
        found = scanned(ws, url, TRIM, MAP, CAP)
        applied = ws.apply(found.run, to="source")
        assert applied.write is not None
        outcome = applied.write.outcome
        changed = {row for row, now in content(url).items() if now != before[row]}
        assert (outcome.total, outcome.updated, outcome.conflicts, outcome.missing) == (
            len(changed),
            len(changed),
            0,
            0,
        )
        after = content(url)
        assert after[1][0] == after[0][0] == "Bonn"
        assert {row[3] for row in after.values()} == {"A", "b", "none"}
        assert [float(after[n][1]) for n in (0, 1, 2, 49)] == [2, 2, 2.25, 40]
        assert all(row[2] == before[n][2] for n, row in after.items())
        undone = ws.undo(applied.change_set.id, to="source")
        assert undone.write is not None
        assert undone.write.outcome.updated == outcome.updated
        assert content(url) == before
        assert [each.status for each in ws.writes()] == ["written", "written"]
        assert ws.check_state(deep=True) == []


def test_rows_that_somebody_else_changed_or_removed_are_left_and_named(url: str, tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        found = scanned(ws, url, TRIM)
        run(url, "UPDATE orders SET city = 'Ulm' WHERE id = 1", "DELETE FROM orders WHERE id = 4")
        run(url, "UPDATE orders SET note = 'z' WHERE id = 6")  # another column of a row that is to change
        applied = ws.apply(found.run, to="source")
        assert applied.write is not None
        outcome = applied.write.outcome
        assert (outcome.total, outcome.updated, outcome.conflicts, outcome.missing) == (20, 18, 1, 1)
        assert [each["id"] for each in outcome.left] == [1, 4]
        now = content(url)
        assert (now[1][0], now[6][0], now[6][3], 4 in now) == ("Ulm", "Bonn", "z", False)
        undone = ws.undo(applied.change_set.id, to="source")
        assert undone.write is not None
        assert (undone.write.outcome.total, undone.write.outcome.updated) == (18, 18)
        assert content(url)[1][0] == "Ulm"


def test_removed_rows_are_deleted_and_put_back(url: str, tmp_path: Path) -> None:
    before = content(url)
    with workspace(tmp_path) as ws:
        found = scanned(ws, url, proposal("remove_rows", predicate="CAST(id AS INTEGER) % 10 = 3"), TRIM)
        run(url, "UPDATE orders SET note = 'z' WHERE id = 13")
        applied = ws.apply(found.run, to="source")
        assert applied.write is not None
        assert (applied.write.outcome.deleted, applied.write.outcome.conflicts) == (4, 1)
        assert set(before) - set(content(url)) == {3, 23, 33, 43}
        undone = ws.undo(applied.change_set.id, to="source")
        assert undone.write is not None
        assert (undone.write.outcome.inserted, undone.write.outcome.conflicts) == (4, 0)
        assert content(url) == before | {13: (*before[13][:3], "z")}


def test_one_repair_is_undone_in_the_database_and_the_rest_stays(url: str, tmp_path: Path) -> None:
    before = content(url)
    with workspace(tmp_path) as ws:
        found = scanned(ws, url, TRIM, MAP)
        applied = ws.apply(found.run, to="source")
        trim = found.items[0].id
        ws.undo(applied.change_set.id, repair=trim, to="source")
        now = content(url)
        assert [row[0] for row in now.values()] == [row[0] for row in before.values()]
        assert {row[3] for row in now.values()} == {"A", "b", "none"}


def test_what_was_applied_here_first_is_written_later_and_only_once(url: str, tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        found = scanned(ws, url, TRIM)
        applied = ws.apply(found.run)
        assert ws.unwritten(found.run) == [applied.change_set.id]
        ws.write_back(applied.change_set.id)
        assert ws.unwritten(found.run) == []
        with pytest.raises(StateError, match=r"written to .* already"):
            ws.write_back(applied.change_set.id)


def test_the_next_scan_sees_what_was_written(url: str, tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        found = scanned(ws, url, TRIM)
        ws.apply(found.run, to="source")
        again = scan(ws, f"{url}#orders", [])
        assert again.snapshot.version == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_without_a_key_is_refused_before_anything_is_done(kind: str, tmp_path: Path) -> None:
    with made(kind, tmp_path, CREATE.replace(" PRIMARY KEY", "")) as url, workspace(tmp_path) as ws:
        found = scanned(ws, url, TRIM)
        with pytest.raises(StateError, match="no primary key"):
            ws.apply(found.run, to="source")
        assert ws.change_sets() == []
        applied = ws.apply(found.run, to=f"{url}#healed")
        assert applied.snapshot.version == 2
        rows = run(url, "SELECT city FROM healed ORDER BY id")
        assert [row[0] for row in rows[:5]] == ["Bonn", "Bonn", "Köln", None, "Berlin"]
        with pytest.raises(StateError, match="has a table healed already"):
            ws.undo(applied.change_set.id, to=f"{url}#healed")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mysql"])
def test_a_constraint_of_the_table_takes_the_whole_write_back(kind: str, tmp_path: Path) -> None:
    create = CREATE.replace("note VARCHAR(9)", "note VARCHAR(9), CHECK (price <> 40 OR id < 30)")
    with made(kind, tmp_path, create) as url, workspace(tmp_path) as ws:
        before = content(url)
        found = scanned(ws, url, TRIM, CAP)
        with pytest.raises(ConstraintBroken):
            ws.apply(found.run, to="source")
        assert content(url) == before
        (write,) = ws.writes()
        assert write.status == "failed"
        assert "ConstraintBroken" in write.outcome.note
        run(url, "DELETE FROM orders WHERE id >= 30")
        assert ws.write_back(ws.unwritten(found.run)[0]).status == "written"


def test_a_table_that_is_gone_or_holds_other_types_is_not_written(url: str, tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        found = scanned(ws, url, TRIM)
        run(url, "DROP TABLE orders", CREATE.replace("city VARCHAR(40)", "town VARCHAR(40)"))
        with pytest.raises(Conflict, match="no column 'city' any more"):
            ws.apply(found.run, to="source")
        run(url, "DROP TABLE orders")
        with pytest.raises((MissingObject, DatabaseError, TablemendError)):
            ws.write_back(ws.unwritten(found.run)[0])
        assert ws.writes() == []


@pytest.mark.parametrize("kind", ["duckdb", "postgresql", "mysql"])
def test_a_column_of_another_type_than_it_was_read_with_is_not_written(kind: str, tmp_path: Path) -> None:
    with made(kind, tmp_path) as url, workspace(tmp_path) as ws:
        found = scanned(ws, url, TRIM)
        run(url, "DROP TABLE orders", CREATE.replace("DECIMAL(10, 2)", "DOUBLE PRECISION"))
        with pytest.raises(Conflict, match="column price held"):
            ws.apply(found.run, to="source")


def test_a_view_is_not_written(url: str, tmp_path: Path) -> None:
    run(url, "CREATE VIEW seen AS SELECT * FROM orders")
    with workspace(tmp_path) as ws:
        found = scan(ws, f"{url}#seen", [TRIM])
        ws.approve(found.run, force=True)
        with pytest.raises(StateError, match="is a view"):
            ws.apply(found.run, to="source")


def test_cells_of_the_key_are_not_changed_in_place(url: str, tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        found = scanned(ws, url, proposal("cap", "id", low=5, high=40))
        with pytest.raises(StateError, match="tells its rows apart"):
            ws.apply(found.run, to="source")
        assert min(content(url)) == 0


def test_a_value_that_does_not_fit_its_column_is_named(url: str, tmp_path: Path) -> None:
    if url.startswith("sqlite"):
        pytest.skip("SQLite columns hold any value")
    with workspace(tmp_path) as ws:
        found = scanned(ws, url, proposal("map_values", "ordered", pairs=[["2026-01-01", "soon"]]))
        before = content(url)
        with pytest.raises(TablemendError, match="ordered"):
            ws.apply(found.run, to="source")
        assert content(url) == before


DIES = """
import os, signal, sys
import tablemend as tm
from tablemend.databases import bulk
from tablemend.store.writes import Writes

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[3] == "before":
    update = bulk.update
    bulk.update = lambda *args, **kwargs: (update(*args, **kwargs), die())
else:
    Writes.finish = die
with tm.open(sys.argv[1], threads=1, user="ann") as ws:
    ws.apply(sys.argv[2], to="source")
"""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_the_next_start_finds_out_whether_a_killed_write_was_taken(url: str, moment: str, tmp_path: Path) -> None:
    before = content(url)
    with workspace(tmp_path) as ws:
        found = scanned(ws, url, TRIM, MAP)
    command = [sys.executable, "-c", DIES, str(tmp_path / ".tablemend"), found.run, moment]
    killed = subprocess.run(command, check=False, capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    taken = content(url) != before
    assert taken == (moment == "after")
    with workspace(tmp_path) as ws:
        (write,) = ws.writes()
        assert write.status == ("written" if taken else "failed")
        assert any(write.id in note for note in ws.notes)
        if not taken:
            assert ws.write_back(write.change_set).status == "written"
        assert content(url)[1][0] == "Bonn"
        ws.undo(write.change_set, to="source")
        assert content(url) == before


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_a_connection_that_is_ended_by_the_server_leaves_nothing_half_written(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tablemend.databases import bulk

    with made(kind, tmp_path) as url, workspace(tmp_path) as ws:
        before = content(url)
        found = scanned(ws, url, TRIM)
        update = bulk.update

        def ended(connection: sa.Connection, *args: Any, **kwargs: Any) -> Any:
            done = update(connection, *args, **kwargs)
            own = "pg_backend_pid()" if kind == "postgresql" else "connection_id()"
            number = connection.exec_driver_sql(f"SELECT {own}").scalar_one()
            run(url, f"SELECT pg_terminate_backend({number})" if kind == "postgresql" else f"KILL {number}")
            return done

        monkeypatch.setattr(bulk, "update", ended)
        with pytest.raises(DatabaseError):
            ws.apply(found.run, to="source")
        assert content(url) == before
        assert [each.status for each in ws.writes()] == ["failed"]
        monkeypatch.undo()
        assert ws.write_back(ws.unwritten(found.run)[0]).status == "written"


def test_the_password_of_a_source_is_never_kept(tmp_path: Path) -> None:
    with made("postgresql", tmp_path) as url:
        told = sa.make_url(url).set(password="s3cr3t-pass")
        with workspace(tmp_path) as ws:
            ws.scan(f"{told.render_as_string(hide_password=False)}#orders")
        kept = b"".join(path.read_bytes() for path in (tmp_path / ".tablemend").rglob("*") if path.is_file())
        assert b"s3cr3t-pass" not in kept


def test_undo_takes_back_only_what_was_written(url: str, tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        found = scanned(ws, url, TRIM)
        run(url, "UPDATE orders SET city = 'Bonn' WHERE id = 1")  # somebody else mends it in the same way
        applied = ws.apply(found.run, to="source")
        assert applied.write is not None
        assert (applied.write.outcome.conflicts, applied.write.outcome.left) == (1, ({"id": 1},))
        ws.undo(applied.change_set.id, to="source")
        assert content(url)[1][0] == "Bonn"


def test_what_was_never_written_is_not_undone_in_the_database(url: str, tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        found = scanned(ws, url, TRIM)
        applied = ws.apply(found.run)
        run(url, "UPDATE orders SET city = 'Bonn' WHERE id = 1")
        with pytest.raises(StateError, match="was never written"):
            ws.undo(applied.change_set.id, to="source")
        assert content(url)[1][0] == "Bonn"
        assert len(ws.change_sets()) == 1


def test_only_removed_rows_are_written_and_put_back(url: str, tmp_path: Path) -> None:
    before = content(url)
    with workspace(tmp_path) as ws:
        found = scanned(ws, url, proposal("remove_rows", predicate="id = '3'"))
        applied = ws.apply(found.run, to="source")
        assert set(before) - set(content(url)) == {3}
        ws.undo(applied.change_set.id, to="source")
        assert content(url) == before


@pytest.mark.parametrize("body", ["NEW.city := NEW.city || '!'; RETURN NEW;", "RETURN NULL;"])
def test_a_trigger_that_changes_or_drops_what_is_written_takes_it_all_back(body: str, tmp_path: Path) -> None:
    with made("postgresql", tmp_path) as url, workspace(tmp_path) as ws:
        run(
            url,
            f"CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$",
            "CREATE TRIGGER meddles BEFORE UPDATE ON orders FOR EACH ROW WHEN (NEW.id > 20) EXECUTE FUNCTION meddle()",
        )
        before = content(url)
        found = scanned(ws, url, TRIM)
        with pytest.raises(CountMismatch):
            ws.apply(found.run, to="source")
        assert content(url) == before
        assert [each.status for each in ws.writes()] == ["failed"]


def test_a_trigger_of_mariadb_that_changes_what_is_written_takes_it_all_back(tmp_path: Path) -> None:
    with made("mysql", tmp_path) as url, workspace(tmp_path) as ws:
        run(url, "CREATE TRIGGER meddles BEFORE UPDATE ON orders FOR EACH ROW SET NEW.city = upper(NEW.city)")
        before = content(url)
        with pytest.raises(CountMismatch, match="hold something else"):
            ws.apply(scanned(ws, url, TRIM).run, to="source")
        assert content(url) == before


def test_the_padding_of_a_column_is_no_finding_and_no_change(tmp_path: Path) -> None:
    create = CREATE.replace("city VARCHAR(40)", "city CHAR(9)")
    with made("postgresql", tmp_path, create) as url, workspace(tmp_path) as ws:
        applied = ws.apply(scanned(ws, url, TRIM).run, to="source")
        assert applied.write is not None
        assert applied.write.outcome.updated == 10  # those that begin with a space
        assert scan(ws, f"{url}#orders", [TRIM]).items == ()


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_heal_in_place_by_a_relative_path(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with made(kind, tmp_path), workspace(tmp_path) as ws:
        healed = ws.heal(f"{kind}:///shop.{kind}#orders", policy="all", to="source")
        assert healed.applied is not None
        assert healed.applied.write is not None
        assert healed.ok
        assert healed.applied.write.outcome.updated > 0


def test_a_column_of_times_stays_as_it_is(tmp_path: Path) -> None:
    with made("mysql", tmp_path, CREATE) as url, workspace(tmp_path) as ws:
        run(url, "ALTER TABLE orders ADD COLUMN at TIME", "UPDATE orders SET at = '12:34:56'")
        before = content(url)
        applied = ws.apply(scanned(ws, url, TRIM).run, to="source")
        ws.undo(applied.change_set.id, to="source")
        assert content(url) == before


def test_what_was_applied_here_goes_to_a_new_table_later(url: str, tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        found = scanned(ws, url, TRIM)
        ws.apply(found.run)
    words = ["apply", found.run, "--to", f"{url}#healed"]
    command = [sys.executable, "-m", "tablemend", "--data", str(tmp_path / ".tablemend"), *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stderr == "wrote 50 rows to the new table\n"
    assert run(url, "SELECT count(*) FROM healed WHERE city = 'Bonn'") == [(20,)]


@pytest.mark.parametrize(("kind", "type_", "value"), [
    ("postgresql", "bytea", "'\\x6162ff20'"),
    ("mysql", "varbinary(20)", "x'00FF4D20'"),
    ("sqlite", "BLOB", "x'00FF4D20'"),
])  # fmt: skip
def test_bytes_leave_as_they_came(kind: str, type_: str, value: str, tmp_path: Path) -> None:
    with made(kind, tmp_path) as url, workspace(tmp_path) as ws:
        run(url, f"ALTER TABLE orders ADD COLUMN picture {type_}", f"UPDATE orders SET picture = {value} WHERE id > 3")
        before = {row: cells[-1] for row, cells in content(url).items()}
        healed = ws.heal(f"{url}#orders", policy="all", to="source")
        assert {row: cells[-1] for row, cells in content(url).items()} == before
        assert not any("picture" in item.columns for item in healed.items)
        with pytest.raises(RepairError, match="picture holds bytes"):
            ws.propose("trim", ["picture"])


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_what_a_database_computes_gets_no_proposal(kind: str, tmp_path: Path) -> None:
    with made(kind, tmp_path) as url, workspace(tmp_path) as ws:
        run(url, "ALTER TABLE orders ADD COLUMN town VARCHAR(50) GENERATED ALWAYS AS (upper(city)) STORED")
        healed = ws.heal(f"{url}#orders", policy="all", to="source")
        assert not any("town" in item.columns for item in healed.items)
        assert content(url)[1][-1] == "BONN"
