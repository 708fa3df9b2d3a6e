"""`databases check` as a user types it."""

from __future__ import annotations

import json
import sys

import pytest

from tablemend.cli import main as entry
from tablemend.databases.checking import check
from tablemend.databases.database import Database
from tablemend.databases.pool import PoolLimits


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Exit code of a command."""
    monkeypatch.setattr(sys, "argv", ["tablemend", *words])
    try:
        entry.main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_a_database_that_answers_is_told_about(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with Database(database_url) as database, database.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE t (i integer)")
        connection.exec_driver_sql("CREATE VIEW v AS SELECT i FROM t")
    monkeypatch.setenv("TABLEMEND_POOL_MIN", "2")
    assert run(monkeypatch, "databases", "check", database_url, "--json") == 0
    found = json.loads(capfd.readouterr().out)
    assert (found["tables"], found["views"]) == (1, 1)
    assert (found["may_read"], found["may_write"], found["may_create"]) == (True, True, True)
    assert 0 < found["latency"] < 1
    assert found["bytes"] > 0 or found["kind"] == "duckdb"  # which writes its file at the next checkpoint
    assert found["clock_difference"] is None or abs(found["clock_difference"]) < 5
    assert found["pool"]["opened_ahead"] == 2 == found["pool"]["opened"]


def test_people_get_a_table(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "databases", "check", database_url) == 0
    out, err = capfd.readouterr()
    assert "latency" in out
    assert err.endswith("can be used\n")


@pytest.mark.parametrize(
    "url", ["postgresql://ann:hidden-word@127.0.0.1:1/shop", "sqlite:///absent.db", "oracle://ann@host/shop", "shop"]
)
def test_one_that_does_not_answer_is_one_line(
    url: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "databases", "check", url) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("tablemend: ")
    assert err.count("\n") == 1
    assert "hidden-word" not in err


def test_rights_on_a_file_that_is_only_read_are_told(database_url: str) -> None:
    if not database_url.startswith(("sqlite", "duckdb")):
        pytest.skip("servers have users")
    with Database(database_url) as database, database.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE t (i integer)")
    found = check(database_url.replace("mode=rwc", "mode=ro"), PoolLimits())
    assert (found.may_read, found.may_write, found.may_create) == (True, False, False)
