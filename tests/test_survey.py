"""Scanning in the database: when it is chosen, what it refuses, and what it cannot tell."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

import servers
from tablemend.cli.main import app, register
from tablemend.databases.database import Database
from tablemend.errors import StateError, Timeout
from tablemend.quality.pushdown.asking import asking
from tablemend.quality.pushdown.patterns import portable
from tablemend.settings import load
from tablemend.workspace import Workspace
from tablemend.workspace import open as open_workspace


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a database of one table."""
    monkeypatch.chdir(tmp_path)
    with sqlite3.connect("shop.db") as connection:
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, city TEXT, paid BLOB)")
        connection.executemany("INSERT INTO orders (city) VALUES (?)", [("Bonn",), (" Bonn",), (None,)])
    connection.close()
    return tmp_path


def ran(*arguments: str) -> tuple[int, str]:
    register()
    result = CliRunner().invoke(app, ["scan", *arguments])
    return result.exit_code, result.output if result.exception is None else str(result.exception)


def test_always_scans_in_the_database_and_never_reads(folder: Path) -> None:
    code, output = ran("shop.db#orders", "--push-down", "always", "--json")
    found = json.loads(output)
    assert (code, found["in_the_database"], found["rows"], found["repairs"]) == (0, True, 3, [])
    assert not (folder / ".tablemend" / "snapshots").exists()
    _, output = ran("shop.db#orders", "--push-down", "never", "--json")
    assert "in_the_database" not in json.loads(output)


def test_auto_leaves_a_table_that_is_too_large_to_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "in_the_database" not in json.loads(ran("shop.db#orders", "--json")[1])
    monkeypatch.setenv("TABLEMEND_MAX_BYTES", "1000")
    assert json.loads(ran("shop.db#orders", "--json")[1])["in_the_database"]


def test_auto_goes_by_the_estimate_of_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with servers.database("postgresql", tmp_path) as url:
        with Database(url) as database, database.transaction() as connection:
            connection.exec_driver_sql("CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 500) i")
            connection.exec_driver_sql("ANALYZE t")
        chosen = []
        for rows in (500, 501):
            with Workspace(load(data=tmp_path / "state", push_down_rows=rows)) as ws:
                chosen.append(ws.survey_if("auto", f"{url}#t") is not None)
    assert chosen == [True, False]


def test_what_is_no_table_of_a_database_is_refused(folder: Path) -> None:
    (folder / "a.csv").write_text("a\n1\n")
    with open_workspace(folder / "state") as ws:
        with pytest.raises(StateError, match="not a table of a database"):
            ws.survey("a.csv")
        with pytest.raises(StateError, match="not a table of a database"):
            ws.survey("shop.db", sql="SELECT 1 AS a")
        assert ws.survey_if("auto", "a.csv") is None


def test_what_a_database_cannot_tell_is_no_pass(folder: Path) -> None:
    (folder / "tablemend.toml").write_text(
        '[[rules]]\ncolumn = "city"\nregex = "B.*"\n[[rules]]\ncolumn = "town"\nnot_null = true\n'
        '[[rules]]\nexpression = "length(city) > 3"\n'
        '[[rules]]\ncolumn = "city"\nforeign_key = { table = "cities.csv" }\n'
    )
    with open_workspace(folder / "state") as ws:
        found = ws.survey("shop.db#orders")
    unable = {each.check: each.message for each in found.findings if each.status == "error"}
    assert "it has no regular expressions" in unable["pattern_deviation"]
    assert "there is no column 'town'" in unable["required_missing"]
    assert "not evaluated in the database" in unable["cross_column"]
    assert "no table of the same database" in unable["missing_parent"]
    assert found.score.confidence < 1
    assert found.score.overall < 100


def test_a_check_that_the_database_refuses_leaves_the_others_alone(folder: Path) -> None:
    (folder / "tablemend.toml").write_text('[[rules]]\ncolumn = "city"\nforeign_key = { table = "cities" }\n')
    with sqlite3.connect("shop.db") as connection:
        connection.execute("CREATE VIEW cities AS SELECT nowhere AS city FROM (SELECT 'x' AS nowhere)")
    connection.close()
    with open_workspace(folder / "state") as ws:
        found = ws.survey("shop.db#orders")
    assert {"outer_space", "missing_parent"} <= {each.check for each in found.findings}


def test_a_statement_that_takes_too_long_ends_the_survey(folder: Path) -> None:
    import sqlglot

    endless = "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"
    with (
        Database(f"sqlite:///{folder}/shop.db") as database,
        asking(database, 0.05) as ask,
        pytest.raises(Timeout),
    ):
        ask(sqlglot.parse_one(endless, read="sqlite"))


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (r"\d+", "[0-9]+"),
        (r"(a|b)?", "(?:a|b)?"),
        (r"[\w-]{2,3}", "[0-9A-Za-z_-]{2,3}"),
        (r"a\.b", "a[.]b"),
        (".*", "[^\n]*"),
        (r"\p{L}", None),
        (r"(?i:a)", None),
        (r"a*?", None),
        (r"^a$", None),
        (r"\bword", None),
        (r"[[:alpha:]]", None),
        (r"(?=a)", None),
    ],
)
def test_only_patterns_that_all_databases_read_alike_are_handed_on(given: str, written: str | None) -> None:
    assert portable(given) == written
