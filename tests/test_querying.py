"""Asking databases through a workspace and from the command line."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import servers
from core_helpers import proposal, scan
from tablemend.cli import main as entry
from tablemend.databases.database import Database
from tablemend.errors import DatabaseError, SettingsError
from tablemend.settings import load
from tablemend.workspace import open as open_workspace

CITIES = "SELECT id, city FROM orders ORDER BY id"


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Exit code of a command."""
    monkeypatch.setattr(sys, "argv", ["tablemend", *words])
    try:
        entry.main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def filled(url: str) -> str:
    with Database(url) as database, database.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE orders (id integer PRIMARY KEY, city varchar(20), note varchar(9))")
        connection.exec_driver_sql("INSERT INTO orders VALUES (1, 'Bonn', 'a'), (2, ' Bonn', 'b'), (3, 'Wien ', 'c')")
    return url.replace("?mode=rwc", "")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """URL of an SQLite database in the folder in which the test runs."""
    monkeypatch.chdir(tmp_path)
    return filled("sqlite:///shop.db?mode=rwc")


def test_a_workspace_keeps_results_and_its_connections(shop: str, tmp_path: Path) -> None:
    with open_workspace(tmp_path / "ws") as ws:
        assert [ws.query(shop, CITIES).cached for _ in range(3)] == [None, "process", "process"]
        assert ws.query(shop, "SELECT city FROM orders WHERE id = :id", {"id": 3}).table.num_rows == 1
        found = ws.cache_statistics()
        assert (found.all.lookups, found.all.hits_process, found.redis.state) == (4, 2, "none")
        assert found.tables["orders"]["minute"].lookups == 4
        assert len(ws._databases) == 1
        assert ws.clear_cache(table="orders") == 2
        assert ws.query(shop, CITIES).cached is None
        opened = next(iter(ws._databases.values()))
    with pytest.raises(DatabaseError, match="closed"):
        opened.query(CITIES, ttl=0)


@pytest.mark.parametrize("kind", ["sqlite", "duckdb", "postgresql", "mysql"])
def test_healing_in_place_and_undoing_it_make_results_invalid(kind: str, tmp_path: Path) -> None:
    with servers.database(kind, tmp_path, alone=True) as made, open_workspace(tmp_path / "ws") as ws:
        url = filled(made)
        before = ["Bonn", " Bonn", "Wien "]
        found = scan(ws, f"{url}#orders", [proposal("trim", "city")])
        assert ws.query(url, CITIES).table["city"].to_pylist() == before
        ws.approve(found.run, force=True)
        applied = ws.apply(found.run, to="source")
        assert ws.query(url, CITIES).table["city"].to_pylist() == ["Bonn", "Bonn", "Wien"]
        ws.undo(applied.change_set.id, to="source")
        assert ws.query(url, CITIES).table["city"].to_pylist() == before


def test_healing_in_place_is_told_to_other_processes(shop: str, tmp_path: Path, prefix: str) -> None:
    """Which share a Redis: here two workspaces, of which the one that writes has asked nothing."""
    shared = {"cache_redis_url": servers.redis_url(), "cache_redis_prefix": prefix}
    command = [sys.executable, "-m", "tablemend", "heal", f"{shop}#orders", "--policy", "all", "--to", "source"]
    environment = os.environ | {f"TABLEMEND_{name.upper()}": value for name, value in shared.items()}
    with open_workspace(tmp_path / "ws", **shared) as ws:
        assert ws.query(shop, CITIES).table["city"].to_pylist() == ["Bonn", " Bonn", "Wien "]
        assert ws.query(shop, CITIES).cached == "process"
        subprocess.run(command, env=environment, check=True, capture_output=True)
        assert ws.query(shop, CITIES).table["city"].to_pylist() == ["Bonn", "Bonn", "Wien"]
        ws.clear_cache()


def test_a_run_keeps_what_was_asked_during_it(shop: str, tmp_path: Path) -> None:
    with open_workspace(tmp_path / "ws", slow_query_seconds=0) as ws:
        with ws._running("trial") as started:
            for _ in range(3):
                ws.query(shop, CITIES)
        ws.store.runs.finish(started.id, "completed")
        metrics = ws.run_report(started.id).metrics
        text = ws.prometheus(started.id)
    assert {name: metrics[name].sum for name in ("cache.hits", "cache.misses", "database.slow_queries")} == {
        "cache.hits": 2,
        "cache.misses": 1,
        "database.slow_queries": 1,
    }
    assert metrics["pool.in_use"].last == 0
    assert metrics["pool.opened"].last >= 1
    assert metrics["cache.entries"].last == 1
    assert "tablemend_cache_hits_total" in text
    assert "tablemend_pool_in_use" in text


def test_queries_are_run_ahead_and_each_failure_is_told(shop: str, tmp_path: Path) -> None:
    queries = [CITIES, ("SELECT city FROM orders WHERE id = :id", {"id": 1}), "SELECT x FROM absent", "SELECT random()"]
    with open_workspace(tmp_path / "ws") as ws:
        found = ws.warm(shop, queries)
        assert (found.total, found.read, found.known, len(found.failed)) == (4, 2, 0, 2)
        assert [each.sql for each in found.failed] == queries[2:]
        assert "no such table" in found.failed[0].reason
        assert "random" in found.failed[1].reason or "rand" in found.failed[1].reason
        assert ws.warm(shop, queries[:2]).known == 2
        assert ws.query(shop, CITIES).cached == "process"


@pytest.mark.parametrize(
    ("name", "value", "limit"),
    [
        ("cache_entries", 0, "greater than or equal to 1"),
        ("cache_bytes", -1, "greater than or equal to 1"),
        ("cache_ttl", -0.1, "greater than or equal to 0"),
        ("cache_ttl", 100_000, "less than or equal to 86400"),
        ("cache_redis_prefix", "", "at least 1 character"),
        ("slow_query_seconds", -1, "greater than or equal to 0"),
    ],
)
def test_a_setting_out_of_its_range_is_named_with_its_limit(name: str, value: object, limit: str) -> None:
    with pytest.raises(SettingsError, match=rf"setting {name}: .*{limit}"):
        load(**{name: value})


def test_the_url_of_redis_is_in_no_list_of_settings() -> None:
    found = load(cache_redis_url="redis://:hidden@host/0")
    assert "hidden" not in repr(found) + str(found.public())


def test_a_query_is_printed_as_a_table_csv_and_json(
    shop: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    sql = "SELECT id, city FROM orders WHERE id < :most AND note <> :note ORDER BY id"
    words = ("databases", "query", shop, sql, "--param", "most=3", "--param", "note=x")
    assert run(monkeypatch, *words) == 0
    out, err = capfd.readouterr()
    assert "Bonn" in out
    assert err.startswith("2 of 2 rows, ")
    assert err.endswith(" s old, from the database\n")
    assert run(monkeypatch, *words, "--csv", "--limit", "1") == 0
    out, err = capfd.readouterr()
    assert out.splitlines() == ['"id","city"', '1,"Bonn"']
    assert err.startswith("1 of 2 rows, ")
    assert run(monkeypatch, *words, "--json") == 0
    found = json.loads(capfd.readouterr().out)
    assert (found["columns"], len(found["rows"]), found["total"], found["cached"]) == (["id", "city"], 2, 2, None)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("SELECT 1 AS a", "--csv", "--json"), "cannot both be given"),
        (("SELECT 1 AS a", "--param", "x"), "has no value"),
        (("DELETE FROM orders",), "read-only"),
        (("SELECT a FROM absent",), "no such table"),
    ],
)
def test_a_query_that_cannot_be_run_says_why(
    shop: str, words: tuple[str, ...], told: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "databases", "query", shop, *words) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert told in err
    assert sqlite3.connect("shop.db").execute("SELECT count(*) FROM orders").fetchone() == (3,)


def test_without_redis_the_commands_say_so(
    shop: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "cache", "stats") == 0
    assert "live and die with it" in capfd.readouterr().err
    assert run(monkeypatch, "cache", "clear") == 2
    assert "live and die with it" in capfd.readouterr().err


def test_results_in_redis_are_shown_and_cleared(
    shop: str, prefix: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TABLEMEND_CACHE_REDIS_URL", servers.redis_url())
    monkeypatch.setenv("TABLEMEND_CACHE_REDIS_PREFIX", prefix)

    def source() -> str:
        assert run(monkeypatch, "databases", "query", shop, CITIES) == 0
        return capfd.readouterr().err.rpartition("from ")[2].strip()

    def cleared(*words: str) -> dict[str, int]:
        assert run(monkeypatch, "cache", "clear", "--json", *words) == 0
        return dict(json.loads(capfd.readouterr().out))

    assert [source(), source()] == ["the database", "Redis"]
    assert run(monkeypatch, "cache", "stats", "--json") == 0
    found = json.loads(capfd.readouterr().out)
    assert found["redis"]["state"] == "ready"
    assert found["tables"] == {"orders": {"entries": 1, "rows": 3, "bytes": found["kept"]["bytes"]}}
    assert cleared("--pattern", "SELECT other*") == {"results removed": 0}
    assert cleared("--table", "orders") == {"databases with that table": 1}
    assert source() == "the database"
    assert cleared("--pattern", "SELECT id, *") == {"results removed": 2}
    assert source() == "the database"
    assert cleared() == {"results removed": 1}
    assert source() == "the database"
    cleared()


def test_redis_that_does_not_answer_is_told(
    shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TABLEMEND_CACHE_REDIS_URL", servers.OwnRedis(tmp_path).url)
    assert run(monkeypatch, "cache", "stats") == 0
    assert "does not answer" in capfd.readouterr().err
    assert run(monkeypatch, "cache", "clear") == 2
    assert run(monkeypatch, "databases", "query", shop, CITIES) == 0
