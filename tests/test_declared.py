"""What only a database knows of its table: declared keys, constraints and counters, and the rows that break them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

import servers
from tablemend.databases import constraints
from tablemend.databases.database import Database
from tablemend.databases.introspection import SequenceState, describe
from tablemend.records import Finding
from tablemend.workspace import Workspace
from tablemend.workspace import open as open_workspace

WITHOUT_KEYS = {"sqlite": "PRAGMA foreign_keys = OFF", "mysql": "SET foreign_key_checks = 0"}
WITHOUT_CHECKS = {"sqlite": "PRAGMA ignore_check_constraints = ON", "mysql": "SET check_constraint_checks = 0"}
ADDED_LATER = {
    "key": "ALTER TABLE orders ADD FOREIGN KEY (shop, customer) REFERENCES customers (shop, id) NOT VALID",
    "check": "ALTER TABLE orders ADD CONSTRAINT positive CHECK (price > 0) NOT VALID",
}


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with a table whose rows break its keys and constraints; DuckDB lets none of them be broken."""
    if request.param == "sqlite":
        sqlite3.connect(tmp_path / "shop.sqlite").close()
        yield filled(f"sqlite:///{tmp_path}/shop.sqlite")
        return
    with servers.database(request.param, tmp_path) as found:
        yield filled(found)


def run(url: str, *statements: str) -> None:
    with Database(url) as database, database.connect() as connection:
        driver: Any = database.raw(connection)
        for statement in statements:
            driver.cursor().execute(statement)
        driver.commit()


def filled(url: str) -> str:
    kind = url.partition(":")[0].partition("+")[0]
    later = kind == "postgresql"
    key = "" if later else ", FOREIGN KEY (shop, customer) REFERENCES customers (shop, id)"
    check = "" if later else ", CONSTRAINT positive CHECK (price > 0)"
    run(
        url,
        "CREATE TABLE customers (shop VARCHAR(9), id INTEGER, PRIMARY KEY (shop, id))",
        f"CREATE TABLE orders (id INTEGER PRIMARY KEY, shop VARCHAR(9), customer INTEGER, price DECIMAL(8, 2)"
        f"{key}{check})",
        *([] if later else [WITHOUT_KEYS[kind], WITHOUT_CHECKS[kind]]),
        "INSERT INTO customers VALUES ('a', 1), ('a', 2), ('b', 1)",
        "INSERT INTO orders VALUES (1, 'a', 1, 5), (2, 'a', 2, -1), (3, 'b', 2, 7.5), (4, NULL, 9, 0), "
        "(5, 'b', NULL, NULL), (6, 'b', 1, 2), (7, 'c', 1, 3)",
        *(ADDED_LATER.values() if later else ()),
    )
    return url


@pytest.fixture
def ws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.chdir(tmp_path)
    with open_workspace(tmp_path / "state") as opened:
        yield opened


def named(findings: tuple[Finding, ...], check: str) -> list[Finding]:
    return [each for each in findings if each.check == check]


def test_rows_without_a_declared_parent_are_found(url: str, ws: Workspace) -> None:
    scanned = ws.scan(f"{url}#orders")
    (found,) = named(scanned.findings, "missing_parent")
    assert (found.columns, found.rows, found.cells, found.status) == (("shop", "customer"), 2, 4, "failed")
    assert [(row["shop"], row["customer"]) for row in found.sample] == [("b", "2"), ("c", "1")]
    assert scanned.profile.foreign_keys[0].table == "customers"
    assert scanned.score.dimensions["consistency"] < 100


def test_rows_that_break_a_constraint_are_found_by_the_database(url: str, ws: Workspace) -> None:
    (found,) = named(ws.scan(f"{url}#orders").findings, "broken_constraint")
    assert (found.rows, found.status, found.params["constraint"]) == (2, "failed", "positive")
    assert [row["price"] for row in found.sample] == ["-1.00", "0.00"] or url.startswith("sqlite")
    with Database(url) as database, database.connect() as connection:
        assert len(connection.exec_driver_sql(found.sql.replace("%", "%%")).all()) == 2


def test_a_repair_of_the_key_is_scored_anew_and_what_the_database_counted_stands(url: str, ws: Workspace) -> None:
    scanned = ws.scan(f"{url}#orders")
    ws.propose("map_values", ["shop"], {"pairs": [["c", "b"]]})
    ws.propose("map_values", ["price"], {"pairs": [[each, "1"] for each in ("-1.00", "0.00", "-1.0", "0.0")]})
    ws.approve(scanned.run, force=True)
    applied = ws.apply(scanned.run)
    assert applied.after is not None
    assert applied.before is not None
    assert applied.after.confidence == applied.before.confidence
    again = ws.rescan(applied.snapshot.dataset)
    (parents,) = named(again.findings, "missing_parent")
    (broken,) = named(again.findings, "broken_constraint")
    assert (parents.rows, broken.rows) == (1, 2)
    assert applied.after.dimensions == pytest.approx(again.score.dimensions)


def test_a_table_without_a_key_is_matched_by_whole_rows(ws: Workspace, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "loose.db") as connection:
        connection.executescript(
            "CREATE TABLE loose (a INTEGER, b TEXT CHECK (b <> 'CHECK (1)') , CHECK (a > 0 OR b = 'x)'));"
            "PRAGMA ignore_check_constraints = ON;"
            "INSERT INTO loose VALUES (1, 'u'), (-1, 'u'), (-1, 'u'), (-1, 'x)'), (-2, NULL), (5, 'CHECK (1)');"
        )
    connection.close()
    found = named(ws.scan("loose.db#loose").findings, "broken_constraint")
    assert {each.params["constraint"]: each.rows for each in found} == {"check 1": 1, "check 2": 2}


def test_duckdb_has_no_constraint_that_is_broken(ws: Workspace, tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "shop.duckdb") as connection:
        connection.execute("CREATE TABLE customers (id INTEGER PRIMARY KEY)")
        connection.execute("CREATE TABLE orders (c INTEGER REFERENCES customers (id), CHECK (c > 0))")
        connection.execute("INSERT INTO customers VALUES (1), (2)")
        connection.execute("INSERT INTO orders VALUES (1), (2), (NULL)")
    scanned = ws.scan("shop.duckdb#orders")
    assert len(scanned.profile.foreign_keys) == 1
    assert not named(scanned.findings, "missing_parent") + named(scanned.findings, "broken_constraint")


BEHIND = {
    "postgresql": ("id serial PRIMARY KEY", ()),
    "duckdb": ("id integer DEFAULT nextval('numbers')", ("CREATE SEQUENCE numbers INCREMENT 3",)),
    "mysql": ("id integer AUTO_INCREMENT PRIMARY KEY", ()),
    "sqlite": ("id integer PRIMARY KEY AUTOINCREMENT", ()),
}


def numbered(url: str, kind: str, name: str, column: str, before: tuple[str, ...], *after: str) -> None:
    default = f"INSERT INTO {name} (v) VALUES ('x')"
    run(url, *before, f"CREATE TABLE {name} ({column}, v VARCHAR(9))", *[default] * 2, *after)


@pytest.mark.parametrize("kind", BEHIND)
def test_a_sequence_behind_its_column_is_a_finding(kind: str, ws: Workspace, tmp_path: Path) -> None:
    column, before = BEHIND[kind]
    with servers.database(kind, tmp_path) as url:
        ahead = "UPDATE events SET id = 40 WHERE id = 1"
        numbered(url, kind, "events", column, before, ahead)
        found = named(ws.scan(f"{url.partition('?mode')[0]}#events").findings, "sequence_behind")
    if kind in ("sqlite", "mysql"):
        assert not found  # they look at the column as well: SQLite before it gives a number, MariaDB at every change
        return
    (each,) = found
    assert (each.columns, each.rows, each.severity, each.status) == (("id",), 1, "error", "failed")
    assert each.sample[0]["id"] == "40"
    assert ("are refused as duplicates" in each.message) == (kind != "duckdb")
    assert "but id goes up to 40" in each.message


def test_only_numbers_that_the_sequence_will_reach_count(ws: Workspace, tmp_path: Path) -> None:
    with servers.database("duckdb", tmp_path) as url:
        column, before = BEHIND["duckdb"]
        inserted = "INSERT INTO events VALUES (5, 'not reached'), (7, 'next'), (13, 'later')"
        numbered(url, "duckdb", "events", column, before, inserted)
        (found,) = named(ws.scan(f"{url.partition('?mode')[0]}#events").findings, "sequence_behind")
    assert (found.rows, found.params) == (2, {"last": 4, "next": 7, "greatest": 13})


def test_a_sequence_or_a_parent_that_may_not_be_looked_at_is_no_pass(ws: Workspace, tmp_path: Path) -> None:
    role = "tm_reader_of_tables"
    with servers.database("postgresql", tmp_path) as url, Database(url) as database:
        related = "ALTER TABLE events ADD COLUMN kind integer REFERENCES kinds"
        numbered(
            url, "postgresql", "events", *BEHIND["postgresql"], "CREATE TABLE kinds (id integer PRIMARY KEY)", related
        )
        with database.transaction() as connection:
            schema = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
            connection.exec_driver_sql(f"DROP ROLE IF EXISTS {role}")
            connection.exec_driver_sql(f"CREATE ROLE {role}")
            connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {schema} TO {role}")
            connection.exec_driver_sql(f"GRANT SELECT ON events TO {role}")
        try:
            other = url.replace("search_path%3D", f"role%3D{role}%20-csearch_path%3D")
            scanned = ws.scan(f"{other}#events")
        finally:
            with database.transaction() as connection:
                connection.exec_driver_sql(f"DROP OWNED BY {role}")
                connection.exec_driver_sql(f"DROP ROLE {role}")
    (found,) = named(scanned.findings, "sequence_behind")
    assert found.status == "error"
    assert "does not tell" in found.message
    (parents,) = named(scanned.findings, "missing_parent")
    assert (parents.status, parents.columns) == ("error", ("kind",))
    assert scanned.score.confidence < 1


@pytest.mark.parametrize(
    ("last", "next_number", "step", "reached", "behind"),
    [
        (5, 6, 1, 5, False),
        (5, 6, 1, 6, True),
        (None, 1, 1, None, False),
        (None, 100, 1, 41, False),
        (-5, -6, -1, -9, True),
    ],
)
def test_behind(last: int | None, next_number: int, step: int, reached: int | None, behind: bool) -> None:
    state = SequenceState(table="t", column="c", sequence="s", last=last, next=next_number, step=step, maximum=reached)
    assert state.behind is behind


def test_a_not_null_that_postgresql_was_told_not_to_look_at_is_one(tmp_path: Path) -> None:
    with servers.database("postgresql", tmp_path) as url, Database(url) as database:
        with database.connect() as connection:
            if connection.dialect.server_version_info < (18,):
                pytest.skip("PostgreSQL before 18 looks at every row")
        run(url, "CREATE TABLE t (a integer)", "INSERT INTO t VALUES (NULL)")
        run(url, "ALTER TABLE t ADD CONSTRAINT given NOT NULL a NOT VALID")
        (found,) = constraints.unproven(database, describe(database, "t"))
    assert (found.name, found.expression, found.columns) == ("given", "a IS NOT NULL", ("a",))
