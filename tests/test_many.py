"""Many tables of a database, scanned and healed by a pattern: each has its own run, and none stops the others."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core_helpers import workspace
from tablemend.errors import NotFound, SourceNotFound, StateError
from tablemend.workspace import Workspace

CITIES = ("Berlin", "Berlin", "Berlin", " Berlin", "Paris", "Paris", "Paris")


def rows(count: int = 70) -> list[tuple[int, str, float]]:
    return [(n, CITIES[n % 7], n * 1.5) for n in range(count)]


def shop(folder: Path, *names: str, count: int = 70) -> Path:
    """A SQLite file with tables of orders."""
    path = folder / "shop.db"
    with sqlite3.connect(path) as connection:
        for name in names:
            connection.execute(f'CREATE TABLE "{name}" (id INTEGER PRIMARY KEY, city TEXT, amount REAL)')
            connection.executemany(f'INSERT INTO "{name}" VALUES (?, ?, ?)', rows(count))
    connection.close()
    return path


def damage(path: Path, name: str) -> None:
    """Overwrite the first page of a table, which only reading that table finds out."""
    connection = sqlite3.connect(path)
    ((page,),) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchall()
    ((size,),) = connection.execute("PRAGMA page_size").fetchall()
    connection.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)


def cities(path: Path, name: str) -> set[str]:
    connection = sqlite3.connect(path)
    found = {city for (city,) in connection.execute(f'SELECT city FROM "{name}"')}
    connection.close()
    return found


def outcomes(workspace: Workspace, run: str) -> dict[str, str]:
    return {each.table: each.outcome for each in workspace.tables_of(run)}


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with workspace(tmp_path) as opened:
        yield opened


def test_every_table_that_matches_is_scanned_in_a_run_of_its_own(ws: Workspace, tmp_path: Path) -> None:
    path = shop(tmp_path, "order_a", "order_b", "customers")
    result = ws.scan_many(f"{path}#order_*")
    assert [(each.table, each.outcome, each.rows) for each in result.tables] == [
        ("order_a", "scanned", 70),
        ("order_b", "scanned", 70),
    ]
    assert result.status == "completed"
    assert len({each.run for each in result.tables}) == 2
    for each in result.tables:
        assert len(ws.findings(each.run)) == each.findings == sum(each.levels.values()) > 0
    assert ws.run_report(result.run).run.counts == {
        "tables": 2,
        "scanned": 2,
        "rows": 140,
        "findings": sum(each.findings for each in result.tables),
    }
    assert ws.tables_of(result.run) == result.tables


def test_many_find_what_one_finds(ws: Workspace, tmp_path: Path) -> None:
    path = shop(tmp_path, "orders")
    (many,) = ws.scan_many(f"{path}#*").tables
    one = ws.scan(f"{path}#orders")
    assert (many.rows, many.findings, many.score) == (70, len(one.findings), one.score.overall)
    assert ws.findings(many.run) == one.findings
    assert ws.store.datasets.all()[0].id == one.snapshot.dataset
    assert len(ws.store.datasets.all()) == 1


def test_excluded_tables_views_and_other_tables_are_left_out(ws: Workspace, tmp_path: Path) -> None:
    path = shop(tmp_path, "order_a", "order_b", "order_old", "other")
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE VIEW order_view AS SELECT * FROM order_a")
    connection.close()
    result = ws.scan_many(f"{path}#order_*", exclude=["*_old", "order_b"])
    assert [each.table for each in result.tables] == ["order_a"]


def test_the_ledger_of_loads_is_nobodys_data(ws: Workspace, tmp_path: Path) -> None:
    path = shop(tmp_path, "orders")
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE loaded (id INTEGER PRIMARY KEY)")
    connection.close()
    (tmp_path / "ids.csv").write_text("id\n1\nx\n", encoding="utf-8")
    assert ws.bulk_load(tmp_path / "ids.csv", f"sqlite:///{path}#loaded").report.rejected == 1
    assert [each.table for each in ws.scan_many(f"{path}#*").tables] == ["loaded", "orders"]


def test_no_match_says_what_there_is(ws: Workspace, tmp_path: Path) -> None:
    path = shop(tmp_path, "orders", "customers")
    with pytest.raises(SourceNotFound, match=r"#sales_\* matches no table") as found:
        ws.scan_many(f"{path}#sales_*")
    assert "customers, orders" in str(found.value.hint)
    with pytest.raises(SourceNotFound, match="excluded"):
        ws.scan_many(f"{path}#*", exclude=["*"])
    assert not ws.exists


def test_one_table_that_fails_stops_no_other(ws: Workspace, tmp_path: Path) -> None:
    path = shop(tmp_path, "a", "b", "c")
    damage(path, "b")
    result = ws.scan_many(f"{path}#*")
    assert [(each.table, each.outcome) for each in result.tables] == [
        ("a", "scanned"),
        ("b", "failed"),
        ("c", "scanned"),
    ]
    assert result.tables[1].reason
    assert result.status == ws.run_report(result.run).run.status == "partial"
    assert not result.ok


def test_resuming_does_only_what_was_not_done(ws: Workspace, tmp_path: Path) -> None:
    path = shop(tmp_path, "a", "b", "broken")
    damage(path, "broken")
    first = ws.scan_many(f"{path}#*")
    second = ws.scan_many(f"{path}#*", resume="last")
    assert {each.table: each.outcome for each in second.tables} == {"a": "skipped", "b": "skipped", "broken": "failed"}
    assert [each.run for each in second.tables[:2]] == [each.run for each in first.tables[:2]]
    assert second.tables[0].reason == f"scanned by run {first.run}"
    third = ws.scan_many(f"{path}#*", resume=second.run)
    assert third.tables[0].reason == f"scanned by run {first.run}"


def test_what_cannot_be_resumed_is_named(ws: Workspace, tmp_path: Path) -> None:
    path = shop(tmp_path, "a", "b")
    with pytest.raises(NotFound):
        ws.scan_many(f"{path}#*", resume="last")
    done = ws.scan_many(f"{path}#*")
    with pytest.raises(StateError, match="left no table"):
        ws.scan_many(f"{path}#*", resume=done.run)
    with pytest.raises(StateError, match="heal-many"):
        ws.heal_many(f"{path}#*", resume=done.run)
    with pytest.raises(StateError, match="scan-many"):
        ws.scan_many(f"{path}#a*", resume=done.run)
    with pytest.raises(NotFound):
        ws.scan_many(f"{path}#*", resume="r00000000")


def test_healing_many_writes_each_table_back_and_undoes_it_alone(ws: Workspace, tmp_path: Path) -> None:
    path = shop(tmp_path, "a", "b")
    result = ws.heal_many(f"{path}#*", to="source")
    assert [each.outcome for each in result.tables] == ["healed", "healed"]
    assert all(each.cells == 10 and each.score == 100 for each in result.tables)
    assert cities(path, "a") == cities(path, "b") == {"Berlin", "Paris"}
    ws.undo(result.tables[0].change_set, to="source")
    assert cities(path, "a") == {"Berlin", " Berlin", "Paris"}
    assert cities(path, "b") == {"Berlin", "Paris"}


def test_many_tables_are_only_written_to_their_source(ws: Workspace, tmp_path: Path) -> None:
    path = shop(tmp_path, "a")
    with pytest.raises(StateError, match="one place"):
        ws.heal_many(f"{path}#*", to=f"sqlite:///{tmp_path}/other.db#a")


def test_eight_workers_on_forty_tables_lose_and_mix_nothing(ws: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    for n in range(40):
        shop(tmp_path, f"t{n:02}", count=70 + 7 * n)
    result = ws.heal_many(f"{path}#*", workers=8)
    assert [(each.table, each.outcome, each.rows, each.cells) for each in result.tables] == [
        (f"t{n:02}", "healed", 70 + 7 * n, 10 + n) for n in range(40)
    ]
    runs = [each.run for each in result.tables]
    assert len(set(runs)) == 40
    for each in result.tables:
        report = ws.run_report(each.run)
        assert (report.run.status, report.run.counts["rows"]) == ("completed", each.rows)
        assert report.metrics["run"].count == 1
        assert ws.store.datasets.snapshot(report.run.dataset).source.table == each.table
    assert not ws.store.runs.running()
    assert not ws.notes


def test_a_cancelled_run_says_what_was_done(tmp_path: Path) -> None:
    names = [f"t{n}" for n in range(6)]
    path = shop(tmp_path, *names, count=700)
    done = _interrupted(tmp_path, path, signal.SIGINT)
    assert done.returncode == 130, done.stderr
    found = json.loads(done.stdout)
    assert found["status"] == "cancelled"
    assert set(found["outcomes"]) <= {"scanned", "left"}
    assert found["outcomes"]["left"] >= 1
    assert sum(found["outcomes"].values()) == 6
    with workspace(tmp_path) as ws:
        report = ws.run_report(found["run_id"])
        assert report.run.status == "cancelled"
        assert outcomes(ws, found["run_id"]) == {each["table"]: each["outcome"] for each in found["tables"]}
        assert not ws.store.runs.running()


def test_a_killed_run_is_failed_and_taken_up(tmp_path: Path) -> None:
    names = [f"t{n}" for n in range(6)]
    path = shop(tmp_path, *names, count=700)
    done = _interrupted(tmp_path, path, signal.SIGKILL)
    assert done.returncode == -signal.SIGKILL
    with workspace(tmp_path) as ws:
        (parent,) = ws.runs(kind="scan-many")
        assert parent.id in ws.recovered or ws.store.runs.get(parent.id).status == "failed"
        before = outcomes(ws, parent.id)
        assert set(before.values()) == {"scanned", "left"}
        result = ws.scan_many(f"{path}#*", resume="last")
        expected = {"scanned": "skipped", "left": "scanned"}
        assert {each.table: each.outcome for each in result.tables} == {
            name: expected[each] for name, each in before.items()
        }


WORK = """
import os, signal, sys
from tablemend.cli import main
from tablemend.workspace import many

NUMBER = int(sys.argv.pop())
add = many._Ended.add

def counted(self, result):
    add(self, result)
    if len(self.results) == 2:
        os.kill(os.getpid(), NUMBER)

many._Ended.add = counted
main.main()
"""


def _interrupted(folder: Path, path: Path, number: int) -> subprocess.CompletedProcess[str]:
    """A scan of many tables that is sent a signal when the second is done."""
    command = [sys.executable, "-c", WORK, "--data", folder / ".tablemend", "scan", f"{path}#*", "--workers", "1"]
    environment = {**os.environ, "TABLEMEND_THREADS": "1"}
    return subprocess.run(
        [*map(str, command), "--json", str(int(number))],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
