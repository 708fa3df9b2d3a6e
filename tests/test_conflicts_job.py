"""Conflicts kept from database to database: found, brought up to date, decided on by people, taken back, taken up."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa
from msgspec import structs

import tablemend as tm
from conflicts_helpers import TODAY
from tablemend.conflicts import fetching, job, keeping, ruleset, sample
from tablemend.conflicts.changes import Changes
from tablemend.conflicts.keeping import Keeper, Written
from tablemend.databases import bulk
from tablemend.databases.database import Database
from tablemend.databases.partitions import Partition
from tablemend.errors import MissingObject, NotFound, SettingsError, UnreadableSource
from tablemend.workspace import Workspace

SECRET = "a secret that only this test knows"
WORLD = sample.world(2_000, today=TODAY, seed=5)
TRUTH = {(*sorted((str(each["one"]), str(each["other"]))), each["flag"]) for each in WORLD.truth.to_pylist()}


TWO = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
"""The other databases are written to by the same verbs, and are tried with a whole run."""


@pytest.fixture
def visits(database_url: str) -> str:
    """URL of a database that holds the table `visits`."""
    fill(database_url, WORLD.visits)
    return database_url


def fill(url: str, rows: pa.Table) -> None:
    with Database(url) as database, database.transaction() as connection:
        bulk.create(connection, (None, "visits"), rows.schema, key=["visit_id"])
        bulk.insert(connection, (None, "visits"), rows)


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with tm.open(tmp_path / "state", conflicts_secret=SECRET) as opened:
        yield opened


def run(ws: Workspace, url: str, **more: Any) -> Any:
    return ws.conflicts.run(f"{url}#visits", f"{url}#conflict", today=TODAY, **{"rows": 500, "workers": 2} | more)


def kept(ws: Workspace, url: str) -> list[dict[str, Any]]:
    return ws.conflicts.list(f"{url}#conflict", limit=100_000)


def pairs(found: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    return {(each["id_a"], each["id_b"], each["flags"]) for each in found if each["found"]}


def change(url: str, statement: str) -> None:
    with Database(url) as database, database.transaction() as connection:
        connection.exec_driver_sql(statement)


def test_all_conflicts_are_kept_and_a_second_run_writes_nothing(ws: Workspace, visits: str) -> None:
    first = run(ws, visits)
    assert (first.status, first.counts["new"], first.conflicts) == ("completed", len(TRUTH), len(TRUTH))
    assert len(first.parts) > 2
    assert first.rows + first.saved == WORLD.visits.num_rows
    assert pairs(kept(ws, visits)) == TRUTH
    assert {each["status"] for each in kept(ws, visits)} == {"N"}
    second = run(ws, visits, rows=700, pipelined=False)
    assert (second.written, second.unchanged) == (0, len(TRUTH))
    assert ws.conflicts.report().run == second.run


@TWO
def test_a_dry_run_tells_what_it_would_write_and_makes_not_even_a_table(ws: Workspace, visits: str) -> None:
    found = run(ws, visits, dry_run=True)
    assert found.counts["new"] == len(TRUTH)
    assert kept(ws, visits) == []
    with pytest.raises(NotFound):
        ws.conflicts.undo(f"{visits}#conflict", found.run)


@TWO
def test_what_is_no_longer_found_is_resolved_what_people_set_stays_and_what_comes_back_is_updated(
    ws: Workspace, visits: str
) -> None:
    run(ws, visits)
    one, two, three = sorted(pairs(kept(ws, visits)))[:3]
    change(visits, f"UPDATE conflict SET status = 'W' WHERE id_a = '{two[0]}' AND id_b = '{two[1]}'")
    before = {each["conflict"]: each for each in kept(ws, visits)}
    change(visits, f"UPDATE visits SET status = 'deleted' WHERE visit_id IN ({one[0]}, {two[0]})")
    found = run(ws, visits)
    assert (found.counts["resolved"], found.counts["no longer found"]) == (1, 1)
    statuses = {(each["id_a"], each["id_b"]): (each["status"], each["found"]) for each in kept(ws, visits)}
    assert statuses[one[:2]] == ("R", False)
    assert statuses[two[:2]] == ("W", False)
    assert statuses[three[:2]] == ("N", True)
    change(visits, f"UPDATE visits SET status = 'done' WHERE visit_id IN ({one[0]}, {two[0]})")
    again = run(ws, visits)
    assert again.counts["found again"] == 2
    after = {each["conflict"]: each for each in kept(ws, visits)}
    assert {key for key in after if after[key]["status"] != before[key]["status"]} == {
        key for key, each in after.items() if (each["id_a"], each["id_b"]) == one[:2]
    }
    assert {each["status"] for each in after.values()} == {"N", "W", "U"}


@TWO
def test_what_is_known_of_a_conflict_is_brought_up_to_date_and_can_be_taken_back(ws: Workspace, visits: str) -> None:
    run(ws, visits)
    before = {each["conflict"]: each for each in kept(ws, visits)}
    change(visits, "UPDATE visits SET rate = 1")
    found = run(ws, visits)
    assert found.counts["updated"] == found.written > 0
    after = {each["conflict"]: each for each in kept(ws, visits)}
    for key, each in after.items():
        changed = {name for name in each if each[name] != before[key][name]}
        assert changed in (set(), {"amount", "content", "status", "run", "changed_at"})
    assert sum(each["status"] == "U" for each in after.values()) == found.written
    ws.conflicts.undo(f"{visits}#conflict", found.run)
    assert {each["conflict"]: each for each in kept(ws, visits)} == before


@TWO
def test_conflicts_of_somebody_who_has_no_row_any_more_are_resolved(ws: Workspace, visits: str) -> None:
    run(ws, visits)
    gone = min(pairs(kept(ws, visits)))
    key = WORLD.visits.filter(pa.compute.equal(WORLD.visits["visit_id"], int(gone[0])))["caregiver_key"][0].as_py()
    change(visits, f"DELETE FROM visits WHERE caregiver_key = '{key}'")
    found = run(ws, visits)
    assert found.counts["resolved"] >= 1
    assert gone not in pairs(kept(ws, visits))


@TWO
def test_many_of_those_are_resolved_a_piece_at_a_time(
    ws: Workspace, visits: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(ws, visits)
    monkeypatch.setattr(job, "PIECE", 7)
    change(visits, "DELETE FROM visits")
    found = run(ws, visits)
    assert (found.counts["resolved"], found.conflicts) == (first.conflicts, 0)
    assert {each["status"] for each in kept(ws, visits)} == {"R"}


@TWO
def test_who_is_excluded_has_no_conflicts_any_more(ws: Workspace, visits: str) -> None:
    run(ws, visits)
    before = kept(ws, visits)
    entity = before[0]["entity"]
    visits_rules = ruleset.shipped("visits")
    rules = structs.replace(visits_rules, exclude=structs.replace(visits_rules.exclude, entities=(entity,)))
    found = run(ws, visits, rules=rules)
    assert found.counts["resolved"] == sum(each["entity"] == entity for each in before)
    assert found.tally.left_out["excluded"] > 0
    assert {each["entity"] for each in kept(ws, visits) if each["found"]} == {each["entity"] for each in before} - {
        entity
    }


@TWO
def test_a_run_is_undone_but_for_what_was_changed_since(ws: Workspace, visits: str) -> None:
    run(ws, visits)
    before = kept(ws, visits)
    some = sorted(pairs(before))[:3]
    change(visits, f"DELETE FROM visits WHERE visit_id IN ({', '.join(each[0] for each in some)})")
    second = run(ws, visits)
    assert second.counts["resolved"] == 3
    change(visits, f"UPDATE conflict SET status = 'I' WHERE id_a = '{some[0][0]}' AND id_b = '{some[0][1]}'")
    undone = ws.conflicts.undo(f"{visits}#conflict", second.run)
    assert (undone.removed, undone.restored, undone.left) == (0, 2, 1)
    after = {each["conflict"]: each for each in kept(ws, visits)}
    ignored = {key for key, each in after.items() if each["status"] == "I"}
    assert len(ignored) == 1
    assert {key: each for key, each in after.items() if key not in ignored} == {
        each["conflict"]: each for each in before if each["conflict"] not in ignored
    }


class Broken(fetching.Source):
    """A source of which one partition cannot be read."""

    broken = 2

    def fetch(self, part: Partition) -> pa.Table:
        if part.number == self.broken:
            raise MissingObject("the table is gone for this partition")
        return super().fetch(part)


@TWO
def test_a_partition_that_fails_stops_no_other_and_resolves_nothing_and_can_be_taken_up(
    ws: Workspace, visits: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(ws, visits)
    monkeypatch.setattr(fetching, "Source", Broken)
    change(visits, "UPDATE visits SET agency = 'A000'")
    broken = run(ws, visits)
    assert broken.status == "partial"
    (failed,) = [each for each in broken.parts if each.outcome == "failed"]
    assert (failed.name, failed.reason) == ("p0002", "MissingObject: the table is gone for this partition")
    left = pairs(kept(ws, visits))
    assert 0 < len(left) < len(TRUTH)
    monkeypatch.setattr(Broken, "broken", 0)
    resumed = run(ws, visits, resume=broken.run)
    assert {each.outcome for each in resumed.parts} == {"skipped", "done"}
    assert [each.name for each in resumed.parts if each.outcome == "done"] == ["p0002"]
    assert resumed.counts["resolved"] == len(left)
    assert pairs(kept(ws, visits)) == set()


class Cut(fetching.Source):
    """A source whose database drops the connection when a partition is first read."""

    cut: set[int]

    def fetch(self, part: Partition) -> pa.Table:
        if part.number not in self.cut:
            self.cut.add(part.number)
            with self.database.connect() as connection:
                connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
        return super().fetch(part)


class Dropped(Keeper):
    """A table whose database drops the connection in the middle of each first write, or just after its commit."""

    after: bool
    dropped: set[str]

    def write(self, changes: Changes, kept: pa.Table, *, run: str, now: datetime) -> Written:
        done = super().write(changes, kept, run=run, now=now)
        self._drop(self.after, str(changes.rows.column(0)), self.database)
        return done

    def _remember(self, connection: sa.Connection, rows: pa.Table, *rest: Any, **told: str) -> None:
        super()._remember(connection, rows, *rest, **told)
        self._drop(not self.after, str(rows.column(0)), connection)

    def _drop(self, now: bool, what: str, where: Any) -> None:
        if not now or what in self.dropped:
            return
        self.dropped.add(what)
        if isinstance(where, Database):
            with where.connect() as connection:
                connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
        else:
            where.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("after", [False, True], ids=["in the middle", "after the commit"])
def test_connections_that_are_dropped_cost_nothing(
    ws: Workspace, visits: str, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    """Of the source when a partition is read; of the target while one is written, and where nobody saw the commit."""
    monkeypatch.setattr(Cut, "cut", set(), raising=False)
    monkeypatch.setattr(Dropped, "dropped", set(), raising=False)
    monkeypatch.setattr(Dropped, "after", after, raising=False)
    monkeypatch.setattr(fetching, "Source", Cut)
    monkeypatch.setattr(keeping, "Keeper", Dropped)
    assert run(ws, visits).status == "completed"
    assert pairs(kept(ws, visits)) == TRUTH
    assert Cut.cut
    assert Dropped.dropped
    gone = min(TRUTH)
    change(visits, f"DELETE FROM visits WHERE visit_id IN ({gone[0]}, {gone[1]})")
    Dropped.dropped.clear()
    assert run(ws, visits).status == "completed"
    assert gone not in pairs(kept(ws, visits))
    with Database(visits) as database:
        history = bulk.read_table(database, (None, "conflict_history"))
    assert len(set(history["change"].to_pylist())) == history.num_rows


def test_nothing_that_a_run_wrote_or_said_holds_a_key(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path}/source.db?mode=rwc"
    fill(url, WORLD.visits)
    target = f"sqlite:///{tmp_path}/target.db?mode=rwc#conflict"
    environment = {**os.environ, "TABLEMEND_CONFLICTS_SECRET": SECRET, "TABLEMEND_DATA": str(tmp_path / "state")}
    words = ["conflicts", "run", f"{url}#visits", "--to", target, "--today", str(TODAY), "--rows", "300"]
    done = subprocess.run(
        [sys.executable, "-m", "tablemend", *words], env=environment, capture_output=True, text=True, check=True
    )
    keys = [each.encode() for each in set(WORLD.visits["caregiver_key"].to_pylist())]
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "source.db"]
    assert any(path.name == "target.db" for path in written)
    assert any(path.suffix == ".db" and "state" in path.parts[-2] for path in written)
    for content in (done.stdout.encode(), done.stderr.encode(), *(path.read_bytes() for path in written)):
        assert not [key for key in keys if key in content or key.replace(b"-", b"") in content]
    assert "[1/" in done.stderr


def test_a_run_that_is_killed_is_taken_up_and_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/visits.db?mode=rwc"
    fill(url, WORLD.visits)
    environment = {**os.environ, "TABLEMEND_CONFLICTS_SECRET": SECRET, "TABLEMEND_DATA": str(tmp_path / "state")}
    words = [f"{url}#visits", "--to", f"{url}#conflict", "--today", str(TODAY), "--rows", "100", "--workers", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tablemend", "conflicts", "run", *words],
        env=environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr is not None
    with process.stderr as lines:
        for line in lines:
            if line.startswith("[3/"):
                process.send_signal(signal.SIGKILL)
                break
        lines.read()
    process.wait()
    with tm.open(tmp_path / "state", conflicts_secret=SECRET) as ws:
        (killed,) = [each for each in ws.store.runs.recent() if each.kind == "conflicts"]
        made = run(ws, url, resume=killed.id, rows=100)
        assert sum(each.outcome == "skipped" for each in made.parts) >= 2
        assert pairs(kept(ws, url)) == TRUTH
        assert sqlite3.connect(tmp_path / "visits.db").execute("SELECT count(*) FROM conflict").fetchone() == (
            len(TRUTH),
        )


def test_what_cannot_be_begun_says_why(ws: Workspace, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/visits.db?mode=rwc"
    with Database(url) as database:
        bulk.create(database, (None, "visits"), pa.schema([("visit_id", pa.int64()), ("agency", pa.string())]))
    with pytest.raises(UnreadableSource, match="no column caregiver_key, visit_date, status"):
        run(ws, url)
    with pytest.raises(SettingsError, match="names no source"):
        ws.conflicts.run(url, f"{url}#conflict")
    with tm.open(tmp_path / "other") as other, pytest.raises(SettingsError, match="no secret"):
        run(other, url)
