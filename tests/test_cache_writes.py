"""Writes that no plain statement shows: code of the database, comments, statements of sessions, queries that write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import servers
from tablemend.caching import CacheLimits, QueryCache
from tablemend.databases.database import Database
from tablemend.errors import AccessDenied, SettingsError

ASKED = "SELECT a FROM t WHERE id = 1"
TABLE = ("CREATE TABLE t (id int PRIMARY KEY, a int)", "INSERT INTO t VALUES (1, 1)")

Opened = Callable[..., Database]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """A database of a kind with a cache, in which some statements were carried out after the table t was made."""
    closing: list[Any] = []

    def open_one(kind: str, *statements: str) -> Database:
        made = servers.database(kind, tmp_path)
        url = made.__enter__()
        found = Database(url, cache=QueryCache())
        closing.extend((made, found))
        write(found, *TABLE, *statements)
        return found

    yield open_one
    for each in reversed(closing):
        each.__exit__(None, None, None)


def write(database: Database, *statements: str) -> None:
    with database.transaction() as connection:
        for sql in statements:
            connection.exec_driver_sql(sql)


def a(database: Database) -> Any:
    return database.query(ASKED).table["a"][0].as_py()


def changing(name: str, arguments: str = "") -> str:
    return f"CREATE FUNCTION {name}({arguments}) RETURNS int LANGUAGE sql AS 'UPDATE t SET a = 7 RETURNING a'"


@pytest.mark.parametrize(
    ("made", "sql"),
    [
        ((changing("total", "int"),), "SELECT total(5)"),
        ((changing("levenshtein", "text, text"),), "SELECT levenshtein('a', 'b')"),
        (
            (changing("f", "int, int"), "CREATE OPERATOR @#@ (leftarg = int, rightarg = int, function = f)"),
            "SELECT 1 OPERATOR(@#@) 2",
        ),
        (
            (changing("f", "int, int"), "CREATE OPERATOR <-> (leftarg = int, rightarg = int, function = f)"),
            "SELECT 1 <-> 2",
        ),
        (("CREATE TABLE u AS SELECT 1 AS x", changing("bump", "u")), "SELECT u.bump FROM u"),
        ((changing("f"), "CREATE VIEW v AS SELECT f() AS x"), "SELECT * FROM v"),
        ((changing("f"), "CREATE VIEW v AS SELECT f() AS x", "CREATE VIEW w AS SELECT * FROM v"), "SELECT x FROM w"),
        ((changing("f"), "CREATE TABLE w (x int, y int DEFAULT f())"), "INSERT INTO w (x) VALUES (1)"),
        ((changing("f", "int"), "CREATE TABLE w (x int CHECK (f(x) > 0))"), "INSERT INTO w VALUES (1)"),
        (
            (changing("f", "int"), "CREATE DOMAIN d AS int CHECK (f(value) > 0)", "CREATE TABLE w (x d)"),
            "INSERT INTO w VALUES (1)",
        ),
        ((changing("f", "int"), "CREATE DOMAIN d AS int CHECK (f(value) > 0)"), "SELECT 1::d"),
        ((), "DO $$ BEGIN UPDATE t SET a = 7; END $$"),
        ((), "EXPLAIN (VERBOSE, ANALYZE) UPDATE t SET a = 7"),
    ],
)
def test_what_code_of_postgresql_writes_is_seen(opened: Opened, made: tuple[str, ...], sql: str) -> None:
    database = opened("postgresql", *made)
    assert a(database) == 1
    write(database, sql)
    assert a(database) == 7


@pytest.mark.parametrize(
    ("made", "sql"),
    [
        ((), "ANALYZE UPDATE t SET a = 7"),
        ((), "SET STATEMENT max_statement_time = 10 FOR UPDATE t SET a = 7"),
        ((), "/*!UPDATE t SET a = 7*/"),
        (("CREATE TABLE u (a int)", "INSERT INTO u VALUES (1)"), "UPDATE u /*!, t */ SET u.a = 4 /*!, t.a = 7 */"),
    ],
)
def test_what_statements_of_mariadb_write_is_seen(opened: Opened, made: tuple[str, ...], sql: str) -> None:
    database = opened("mysql", *made)
    assert a(database) == 1
    write(database, sql)
    assert a(database) == 7


@pytest.mark.parametrize("last", ["COMMIT", "START TRANSACTION", "SET autocommit = 1", "ANALYZE TABLE t"])
def test_a_plain_connection_may_commit_by_any_statement(opened: Opened, last: str) -> None:
    database = opened("mysql")
    assert a(database) == 1
    with database.connect() as connection:
        connection.exec_driver_sql("UPDATE t SET a = 7")
        connection.exec_driver_sql(last)
    assert a(database) == 7


def test_a_table_without_transactions_is_written_to_without_a_commit(opened: Opened) -> None:
    database = opened("mysql", "ALTER TABLE t ENGINE = MyISAM")
    assert a(database) == 1
    with database.connect() as connection:
        connection.exec_driver_sql("UPDATE t SET a = 7")
    assert a(database) == 7


@pytest.mark.parametrize(
    ("made", "sql"),
    [
        (("CREATE FUNCTION total(int) RETURNS int LANGUAGE sql AS 'SELECT a FROM t'",), "SELECT total(1) AS n"),
        (
            ("CREATE TABLE u (a int)", "CREATE FUNCTION peek(t) RETURNS int LANGUAGE sql AS 'SELECT max(a) FROM u'"),
            "SELECT t.peek AS n FROM t",
        ),
        (
            (
                "CREATE FUNCTION f(int, int) RETURNS int LANGUAGE sql AS 'SELECT a FROM t'",
                "CREATE OPERATOR <-> (leftarg = int, rightarg = int, function = f)",
            ),
            "SELECT id <-> 1 AS n FROM t",
        ),
    ],
)
def test_a_query_that_runs_code_of_the_database_is_not_kept(opened: Opened, made: tuple[str, ...], sql: str) -> None:
    database = opened("postgresql", *made)
    assert "made in the database" in database.query(sql).uncached


def test_a_macro_of_duckdb_is_not_kept(opened: Opened) -> None:
    database = opened("duckdb", "CREATE MACRO total(x) AS (SELECT max(a) FROM t)")
    assert database.query("SELECT total(1) AS n").uncached
    assert database.query(ASKED).uncached == ""


def test_functions_that_a_query_does_not_use_leave_it_alone(opened: Opened) -> None:
    database = opened("postgresql", changing("f"), "CREATE TABLE u (x int)")
    assert [database.query(ASKED).cached for _ in range(2)] == [None, "process"]
    write(database, "INSERT INTO u VALUES (1)")
    assert database.query(ASKED).cached == "process"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 AS a; UPDATE t SET a = 7",
        "SELECT 1 AS a; COMMIT; BEGIN READ WRITE; UPDATE t SET a = 7; COMMIT",
        "SET default_transaction_read_only = off",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
        "COMMIT",
        "COPY (SELECT 1) TO '/nowhere'",
        "SELECT 1 AS a INTO n",
        "SELECT 1 INTO OUTFILE '/nowhere'",
        "EXPLAIN ANALYZE UPDATE t SET a = 7",
        "WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x",
        "PRAGMA query_only = off",
        "VACUUM INTO 'copy.db'",
        "ATTACH 'other.db' AS other",
        "DO $$ BEGIN UPDATE t SET a = 7; END $$",
        "CREATE TABLE n (a int)",
        "SELECT 'a\\'; COMMIT; --'",
        "SELECT 1 /*! INTO OUTFILE '/nowhere' */",
    ],
)
@pytest.mark.parametrize("kind", ["postgresql", "mysql", "sqlite", "duckdb"])
def test_nothing_but_a_query_is_asked(opened: Opened, kind: str, sql: str) -> None:
    if ("/*!" in sql and kind != "mysql") or ("\\" in sql and kind in ("mysql", "sqlite")):
        pytest.skip("there it is one query")
    database = opened(kind)
    with pytest.raises(AccessDenied, match="read-only"):
        database.query(sql)
    assert a(database) == 1


@pytest.mark.parametrize(
    ("kind", "sql"),
    [
        ("postgresql", "TABLE t"),
        ("postgresql", "VALUES (1)"),
        ("mysql", "SHOW TABLES"),
        ("mysql", "DESCRIBE t"),
        ("duckdb", "EXPLAIN SELECT a FROM t"),
        ("duckdb", "FROM t"),
    ],
)
def test_what_only_reads_is_asked(opened: Opened, kind: str, sql: str) -> None:
    assert opened(kind).query(sql).table.num_rows >= 1


def test_what_a_query_sets_is_gone_with_its_connection(opened: Opened) -> None:
    database = opened("postgresql", changing("f"))
    database.query("SELECT set_config('default_transaction_read_only', 'off', false) AS a")
    database.query("SELECT pg_advisory_lock(7)")
    with pytest.raises(Exception, match="read-only transaction"):
        database.query("SELECT f()")
    assert a(database) == 1
    with database.connect(read_only=True) as connection:
        assert connection.exec_driver_sql("SELECT pg_try_advisory_lock(7)").scalar()


def test_a_temporary_table_of_sqlite_goes_with_the_block_that_made_it(opened: Opened) -> None:
    database = opened("sqlite")
    write(database, "CREATE TEMP TABLE t AS SELECT 1 AS id, 77 AS a")
    assert [a(database), a(database)] == [1, 1]
    with database.connect() as connection:
        connection.exec_driver_sql("CREATE TEMP VIEW t AS SELECT 1 AS id, 77 AS a")
    assert a(database) == 1


@pytest.mark.parametrize("wrong", [{"entries": 0}, {"entries": -1}, {"size": 0}, {"ttl": -1.0}, {"ttl": float("nan")}])
def test_bounds_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=f"{next(iter(wrong))} of"):
        CacheLimits(**wrong)
