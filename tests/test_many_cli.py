"""Many tables on the command line, and which ones a pattern names on each kind of database."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as Xml

import pyarrow as pa
import pytest
import sqlalchemy as sa

import servers
from core_helpers import workspace
from tablemend.databases import bulk
from tablemend.databases.database import Database
from tablemend.errors import MissingObject, SourceNotFound, UnreadableSource
from tablemend.repair.many import Pattern, pattern
from test_cli import Call, call, one_line  # noqa: F401 - a fixture
from test_many import damage, shop


@pytest.fixture(params=("sqlite", "duckdb", "postgresql", "mysql"))
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind with two tables of orders, another table and a view."""
    with servers.database(request.param, tmp_path) as found:
        with Database(found) as database:
            table = pa.table({"id": pa.array(range(70), pa.int64()), "city": ["Bonn"] * 60 + [" Bonn"] * 10})
            for name in ("order_a", "order_b", "Order_c", "customers"):
                bulk.create(database, (None, name), table.schema, key=["id"])
                bulk.insert(database, (None, name), table)
            with database.transaction() as connection:
                connection.exec_driver_sql("CREATE VIEW order_view AS SELECT * FROM customers")
        yield found.replace("?mode=rwc", "")


def test_a_pattern_names_tables_of_every_kind_of_database(url: str, tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        result = ws.scan_many(f"{url}#order_*")
        assert [(each.table, each.outcome, each.rows) for each in result.tables] == [
            ("order_a", "scanned", 70),
            ("order_b", "scanned", 70),
        ]
        healed = ws.heal_many(f"{url}#order_?", to="source", policy="all")
    assert [each.outcome for each in healed.tables] == ["healed", "healed"]
    with Database(url) as database:
        for name in ("order_a", "order_b"):
            assert set(bulk.read_table(database, (None, name))["city"].to_pylist()) == {"Bonn"}


def test_the_tables_of_a_schema_that_is_named(tmp_path: Path) -> None:
    with servers.schema() as url:
        name = f"{sa.make_url(url).query['options']}".partition("=")[2]
        base = sa.make_url(url).set(query={}).render_as_string(hide_password=False)
        engine = sa.create_engine(base)
        with engine.begin() as connection:
            connection.exec_driver_sql(f"CREATE TABLE {name}.a AS SELECT 1 AS x")
            connection.exec_driver_sql(f"CREATE TABLE {name}.b AS SELECT 1 AS x")
        with workspace(tmp_path) as ws:
            result = ws.scan_many(f"{base}#{name}.*", exclude=[f"{name}.b"])
            assert [(each.table, each.outcome) for each in result.tables] == [(f"{name}.a", "scanned")]
            with pytest.raises(MissingObject):
                ws.scan_many(f"{base}#s{secrets.token_hex(4)}.*")
            with pytest.raises(SourceNotFound, match="belongs to the database itself"):
                ws.scan_many(f"{base}#pg_catalog.*")
        engine.dispose()


def test_a_partitioned_table_is_scanned_once(tmp_path: Path) -> None:
    with servers.schema() as url:
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE sales (id int) PARTITION BY RANGE (id)")
            connection.exec_driver_sql("CREATE TABLE sales_1 PARTITION OF sales FOR VALUES FROM (0) TO (50)")
            connection.exec_driver_sql("CREATE TABLE sales_2 PARTITION OF sales FOR VALUES FROM (50) TO (99)")
            connection.exec_driver_sql("INSERT INTO sales SELECT generate_series(0, 98)")
        engine.dispose()
        with workspace(tmp_path) as ws:
            result = ws.scan_many(f"{url}#sales*")
        assert [(each.table, each.rows) for each in result.tables] == [("sales", 99)]


def test_a_table_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    with servers.schema() as url:
        name, role = f"{sa.make_url(url).query['options']}".partition("=")[2], f"tm_{secrets.token_hex(6)}"
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE a AS SELECT 1 AS x")
            connection.exec_driver_sql("CREATE TABLE secret AS SELECT 1 AS x")
            connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN PASSWORD 'guest'")
            connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {name} TO {role}")
            connection.exec_driver_sql(f"GRANT SELECT ON a TO {role}")
        try:
            guest = sa.make_url(url).set(username=role, password="guest").render_as_string(hide_password=False)
            with workspace(tmp_path) as ws:
                result = ws.scan_many(f"{guest}#*")
            assert {each.table: each.outcome for each in result.tables} == {"a": "scanned", "secret": "failed"}
            assert "permission denied" in result.tables[1].reason
            assert "guest" not in f"{result.to_dict()}".replace(role, "")
        finally:
            with engine.begin() as connection:
                connection.exec_driver_sql(f"DROP OWNED BY {role}")
                connection.exec_driver_sql(f"DROP ROLE {role}")
            engine.dispose()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("db://h/x#*", Pattern(base="db://h/x", schema=None, name="*")),
        ("db://h/x#shop.order_*", Pattern(base="db://h/x", schema="shop", name="order_*")),
        ("db://h/x#[ab]?", Pattern(base="db://h/x", schema=None, name="[ab]?")),
        ("db://h/x#orders", None),
        ('db://h/x#"a*b"', None),
        ("db://u:p#a*b@h/x", None),  # a part of the password
        ("db://h/x", None),
    ],
)
def test_what_is_a_pattern(source: str, found: Pattern | None) -> None:
    assert pattern(source) == found


def test_a_file_with_a_star_in_its_name_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a#b*.csv"
    path.write_text("a\n1\n", encoding="utf-8")
    assert pattern(str(path)) is None


def test_a_schema_cannot_be_a_pattern_and_a_file_of_text_has_no_tables(tmp_path: Path) -> None:
    with pytest.raises(UnreadableSource, match="schema"):
        pattern("db://h/x#sales_*.orders")
    (tmp_path / "t.csv").write_text("a\n1\n", encoding="utf-8")
    with workspace(tmp_path) as ws, pytest.raises(UnreadableSource, match="not a database"):
        ws.scan_many(f"{tmp_path}/t.csv#*")
    with workspace(tmp_path) as ws, pytest.raises(UnreadableSource, match="no tables by a pattern"):
        ws.scan_many(f"{tmp_path}/t.csv")


def test_a_password_is_not_shown(tmp_path: Path) -> None:
    found = pattern("postgresql://me:geheim@h/x#*")
    assert found
    assert "geheim" not in found.shown


def test_the_report_lists_each_table_and_runs_show_does_too(call: Call, tmp_path: Path) -> None:  # noqa: F811
    shop(tmp_path, "orders", "customers")
    code, out, err = call("scan", "shop.db#*")
    assert code == 0
    assert "customers" in out
    assert "orders" in out
    assert "2 tables: 2 scanned; 140 rows" in err
    run = err.split("run ")[1].split(",")[0]
    code, out, err = call("runs", "show", run)
    assert "customers" in out
    assert "scanned" in out
    code, out, err = call("runs", "show", run, "--json")
    assert [each["table"] for each in json.loads(out)["tables"]] == ["customers", "orders"]


def test_one_document_holds_every_table_with_its_findings(call: Call, tmp_path: Path) -> None:  # noqa: F811
    shop(tmp_path, "a", "b")
    code, out, _ = call("heal", "shop.db#*", "--json", "--policy", "all")
    found = json.loads(out)
    assert code == 0
    assert found["ok"]
    assert found["outcomes"] == {"healed": 2}
    assert [len(each["found"]) == each["findings"] > 0 for each in found["tables"]] == [True, True]


def test_every_table_is_a_suite_and_one_that_failed_an_error(call: Call, tmp_path: Path) -> None:  # noqa: F811
    damage(shop(tmp_path, "a", "b"), "b")
    code, out, _ = call("scan", "shop.db#*", "--junit")
    assert code == 1
    suites = {each.get("name"): each for each in Xml.fromstring(out)}
    assert list(suites) == ["a", "b"]
    assert int(suites["a"].get("failures", "0")) > 0
    assert suites["b"].get("errors") == "1"
    assert suites["b"].find("testcase/error") is not None


def test_fail_on_looks_at_all_tables(call: Call, tmp_path: Path) -> None:  # noqa: F811
    shop(tmp_path, "a")
    assert call("scan", "shop.db#*", "--fail-on", "info")[0] == 1
    assert call("scan", "shop.db#*", "--fail-on", "none")[0] == 0


@pytest.mark.parametrize(
    "words",
    [
        ("scan", "shop.db#*", "--name", "x"),
        ("scan", "shop.db#*", "--head"),
        ("heal", "shop.db#*", "--output", "out.csv"),
        ("scan", "shop.db#a", "--exclude", "b*"),
        ("heal", "shop.db#a", "--workers", "3"),
        ("scan", "shop.db#a", "--resume", "last"),
    ],
)
def test_options_that_do_not_go_together_are_refused(call: Call, tmp_path: Path, words: tuple[str, ...]) -> None:  # noqa: F811
    shop(tmp_path, "a")
    code, _, err = call(*words)
    assert code == 2
    assert words[2] in err
    one_line(err)
