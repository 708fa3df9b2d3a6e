"""How good the rows were from run to run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tablemend as tm
from conflicts_helpers import TODAY, table, visit
from tablemend.conflicts import fetching, job, ruleset
from tablemend.databases import bulk
from tablemend.databases.database import Database
from tablemend.errors import MissingObject
from tablemend.workspace import Workspace

Call = Callable[..., tuple[int, str, str]]
RULES = ruleset.shipped("visits")
DONE = {"visit_start": "8:00", "visit_end": "9:00"}
SECRET = "a secret that only this test knows"
VISITS = [
    visit(1, "A", **DONE, latitude=40.0, longitude=-74.0),
    visit(2, "B", **DONE),
    visit(3, "C", visit_start="8:00"),
    visit(4, "A", caregiver_key="P2", visit_start="9:00", visit_end="8:00"),
]


@pytest.fixture
def url(database_url: str) -> str:
    rows = table(VISITS, RULES)
    with Database(database_url) as database, database.transaction() as connection:
        bulk.create(connection, (None, "visits"), rows.schema)
        bulk.insert(connection, (None, "visits"), rows)
    return database_url


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with tm.open(tmp_path / "state", conflicts_secret=SECRET) as opened:
        yield opened


TWO = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


def run(ws: Workspace, url: str, to: str = "conflict", **more: Any) -> Any:
    return ws.conflicts.run(f"{url}#visits", f"{url}#{to}", today=TODAY, **more)


@TWO
def test_each_run_tells_of_its_rows_and_of_what_it_found_the_newest_last(ws: Workspace, url: str) -> None:
    first = run(ws, url)
    run(ws, url, to="another")
    with Database(url) as database, database.transaction() as connection:
        connection.exec_driver_sql("UPDATE visits SET agency = 'A' WHERE visit_id = 2")
    second = run(ws, url)
    dry = run(ws, url, dry_run=True)
    one, two, three = ws.conflicts.trends(f"{url}#conflict")
    assert [each.run for each in (one, two, three)] == [first.run, second.run, dry.run]
    assert (one.rows, one.judged, one.suspicious, one.conflicts, one.new, one.resolved) == (4, 4, 0, 1, 1, 0)
    assert one.shares == {
        "unplaced": 0.75,
        "misplaced": 0.0,
        "backwards": 0.25,
        "unreadable": 0.0,
        "half": 0.25,
        "unruled": 0.5,
        "status_missing": 1.0,
    }
    assert (two.conflicts, two.new, two.resolved) == (0, 0, 1)
    assert [each.dry for each in (one, two, three)] == [False, False, True]
    assert [each.run for each in ws.conflicts.trends(f"{url}#conflict", limit=1)] == [dry.run]
    assert ws.conflicts.trends(f"{url}#conflict", rules="rooms") == []


@TWO
def test_runs_that_failed_say_so(ws: Workspace, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(source: fetching.Source, part: Any) -> Any:
        if part.number == 1:
            raise MissingObject("it is gone")
        return whole(source, part)

    def refused(*_: Any, **__: Any) -> Any:
        raise MissingObject("it is gone")

    whole = fetching.Source.fetch
    monkeypatch.setattr(fetching.Source, "fetch", fetch)
    run(ws, url, rows=1)
    monkeypatch.setattr(job.Job, "run", refused)
    with pytest.raises(MissingObject):
        run(ws, url)
    partial, failed = ws.conflicts.trends(f"{url}#conflict")
    assert (partial.status, partial.failed, partial.rows, partial.judged) == ("partial", 1, 1, 1)
    assert (failed.status, failed.rows, failed.shares, failed.conflicts) == ("failed", None, {}, None)


def test_they_are_listed_on_the_command_line(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLEMEND_CONFLICTS_SECRET", SECRET)
    url = f"sqlite:///{tmp_path}/care.db?mode=rwc"
    rows = table(VISITS, RULES)
    with Database(url) as database, database.transaction() as connection:
        bulk.create(connection, (None, "visits"), rows.schema)
        bulk.insert(connection, (None, "visits"), rows)
    call("conflicts", "run", f"{url}#visits", "--to", f"{url}#conflict", "--today", TODAY, "--dry-run")
    code, out, _ = call("conflicts", "trends", "--to", f"{url}#conflict")
    assert (code, "completed, dry" in " ".join(out.split())) == (0, True)
    code, out, _ = call("conflicts", "trends", "--to", f"{url}#conflict", "--json")
    (told,) = json.loads(out)
    assert (code, told["shares"]["half"]) == (0, 0.25)
