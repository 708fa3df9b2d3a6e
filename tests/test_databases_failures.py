"""Errors of drivers, each provoked for real, and this project's errors for them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
import sqlalchemy as sa
from hypothesis import assume, given
from hypothesis import strategies as st

import servers
from tablemend.databases import failures
from tablemend.databases.database import Database
from tablemend.databases.dialects import DIALECTS
from tablemend.databases.pool import PoolLimits
from tablemend.errors import (
    AccessDenied,
    ConstraintBroken,
    DatabaseError,
    MissingObject,
    TablemendError,
    Timeout,
    Transient,
    Unreachable,
)

TABLES = (
    "CREATE TABLE parent (id integer PRIMARY KEY)",
    "CREATE TABLE child (id integer PRIMARY KEY, parent integer NOT NULL REFERENCES parent (id), "
    "code varchar(10) UNIQUE, amount integer CHECK (amount > 0))",
    "INSERT INTO parent VALUES (1)",
    "INSERT INTO child VALUES (1, 1, 'a', 1)",
)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with a table that has every constraint."""
    with Database(database_url, limits=PoolLimits(timeout=5)) as opened:
        with opened.transaction() as connection:
            for statement in TABLES:
                connection.exec_driver_sql(statement)
        yield opened


def broken(database: Database, statement: str) -> TablemendError:
    """The error that a statement gives."""
    with pytest.raises(TablemendError) as caught, database.transaction() as connection:
        connection.exec_driver_sql(statement)
    assert database.name in caught.value.message
    assert caught.value.hint
    assert caught.value.__cause__ is not None
    return caught.value


@pytest.mark.parametrize(
    ("statement", "error", "what"),
    [
        ("INSERT INTO child VALUES (1, 1, 'b', 1)", ConstraintBroken, "must be unique"),
        ("INSERT INTO child VALUES (2, 1, 'a', 1)", ConstraintBroken, "must be unique"),
        ("INSERT INTO child VALUES (2, 7, 'b', 1)", ConstraintBroken, "breaks a foreign key"),
        ("DELETE FROM parent WHERE id = 1", ConstraintBroken, "breaks a foreign key"),
        ("INSERT INTO child VALUES (2, NULL, 'b', 1)", ConstraintBroken, "an empty value"),
        ("INSERT INTO child VALUES (2, 1, 'b', -1)", ConstraintBroken, "breaks a check"),
        ("SELECT * FROM absent", MissingObject, "no such object"),
        ("SELECT absent FROM child", MissingObject, "no such object"),
        ("INSERT INTO child (absent) VALUES (1)", MissingObject, "no such object"),
        ("SELECT 1 +", DatabaseError, "failed"),
    ],
)
def test_a_statement_that_the_database_refuses(
    database: Database, statement: str, error: type[TablemendError], what: str
) -> None:
    found = broken(database, statement)
    assert type(found) is error
    assert what in found.message
    with database.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM child").scalar_one() == 1


SLOW = {
    "postgresql": "SELECT pg_sleep(20)",
    "mysql": "SELECT sleep(20)",
    "sqlite": "WITH RECURSIVE t (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t) SELECT max(i) FROM t",
    "duckdb": "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE hash(a.range, b.range) = 1",
}


def test_a_statement_that_takes_too_long_is_stopped_by_the_database(database: Database) -> None:
    with pytest.raises(Timeout), database.connect(timeout=0.1) as connection:
        connection.exec_driver_sql(SLOW[database.kind])
    with database.connect(timeout=20) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM child").scalar_one() == 1


KILL = {"postgresql": ("SELECT pg_backend_pid()", "SELECT pg_terminate_backend({}, 5000)"),
        "mysql": ("SELECT connection_id()", "KILL {}")}  # fmt: skip


def test_a_connection_that_is_killed_in_a_transaction_leaves_nothing_and_is_replaced(database: Database) -> None:
    if database.kind not in KILL:
        pytest.skip("connections to a file cannot be killed from outside")
    mine, kill = KILL[database.kind]

    def work() -> None:
        with database.transaction() as connection:
            connection.exec_driver_sql("INSERT INTO child VALUES (2, 1, 'b', 1)")
            number = connection.exec_driver_sql(mine).scalar_one()
            with database.connect() as other:
                other.exec_driver_sql(kill.format(number))
            connection.exec_driver_sql("INSERT INTO child VALUES (3, 1, 'c', 1)")

    with pytest.raises(Unreachable, match="lost the connection"):
        work()
    with database.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM child").scalar_one() == 1
    found = database.statistics()
    assert found.closed == 1
    assert found.size == found.idle == found.opened - 1


def test_an_idle_connection_that_was_killed_is_not_noticed_by_the_next_caller(database: Database) -> None:
    if database.kind not in KILL:
        pytest.skip("connections to a file cannot be killed from outside")
    mine, kill = KILL[database.kind]
    with Database(database.url) as killing:
        with database.connect() as connection:
            number = connection.exec_driver_sql(mine).scalar_one()
        with killing.connect() as connection:
            connection.exec_driver_sql(kill.format(number))
    with database.connect() as connection:
        assert connection.exec_driver_sql(mine).scalar_one() != number


def test_a_connection_that_is_lost_below_sqlalchemy_goes_without_noise(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def work(database: Database) -> None:
        with database.connect() as connection:
            (pid,) = database.raw(connection).execute("SELECT pg_backend_pid()").fetchone()
            with database.connect() as other:
                other.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)")
            database.raw(connection).execute("SELECT 1")

    with servers.database("postgresql", tmp_path) as url, Database(url) as database:
        with pytest.raises(Unreachable):
            work(database)
        assert database.statistics().size == 1
    assert caplog.records == []


def test_a_deadlock_can_be_tried_again(database: Database) -> None:
    if database.kind not in KILL:
        pytest.skip("files lock as a whole")
    with database.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO parent VALUES (2)")
    both, found = threading.Barrier(2), []

    def lock(first: int, second: int) -> None:
        try:
            with database.transaction() as connection:
                connection.exec_driver_sql(f"UPDATE parent SET id = id + 0 WHERE id = {first}")
                connection.exec_driver_sql(f"SELECT id FROM parent WHERE id = {first} FOR UPDATE")
                both.wait()
                connection.exec_driver_sql(f"SELECT id FROM parent WHERE id = {second} FOR UPDATE")
        except Transient as problem:
            found.append(problem)

    threads = [threading.Thread(target=lock, args=pair) for pair in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1


def overtaken(database: Database, *first: str) -> None:
    """Change a row that another transaction changes after this one has read it."""
    with database.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE t AS SELECT 1 AS i")
    with database.transaction() as connection:
        for statement in (*first, "SELECT * FROM t"):
            connection.exec_driver_sql(statement)
        with database.transaction() as other:
            other.exec_driver_sql("UPDATE t SET i = 2")
        connection.exec_driver_sql("UPDATE t SET i = 3")


def test_a_serialisation_failure_can_be_tried_again() -> None:
    with servers.schema() as url, Database(url) as database, pytest.raises(Transient):
        overtaken(database, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def test_two_writers_of_a_duckdb_row_can_try_again(tmp_path: Path) -> None:
    with servers.database("duckdb", tmp_path) as url, Database(url) as database, pytest.raises(Transient):
        overtaken(database)


def fill(database: Database) -> None:
    """Write more than there is room for."""
    with database.transaction() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 3")
        connection.exec_driver_sql("CREATE TABLE t AS SELECT zeroblob(100000) AS b")


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    with servers.database("sqlite", tmp_path) as url, Database(url) as database:
        with pytest.raises(DatabaseError, match="cannot write to its disk"):
            fill(database)
        with database.connect() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one() == 0


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_a_file_that_is_something_else_is_said(kind: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("neither rows nor columns, but long enough " * 200, encoding="utf-8")
    with (
        Database(f"{kind}:///{tmp_path}/a.txt") as database,
        pytest.raises(DatabaseError, match="is damaged or something else"),
        database.connect() as connection,
    ):
        connection.exec_driver_sql("CREATE TABLE t (i integer)")


@pytest.mark.parametrize(
    "url", ["postgresql://ann:hidden-word@127.0.0.1:1/shop", "mysql://ann:hidden-word@127.0.0.1:1/shop"]
)
def test_a_server_that_is_down_is_said(url: str) -> None:
    with Database(url) as database, pytest.raises(Unreachable, match="does not answer") as caught, database.connect():
        pass
    assert "hidden-word" not in caught.value.message
    assert database.statistics().failures == 1


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_a_database_that_is_missing_is_said(kind: str, tmp_path: Path) -> None:
    with servers.database(kind, tmp_path) as url:
        absent = sa.make_url(url).set(database="tm_absent", query={})
    with Database(absent) as database, pytest.raises(MissingObject, match="tm_absent"), database.connect():
        pass


@pytest.mark.parametrize("password", ["a wrong one", "wrong%/@#:?&=word", None])
def test_a_wrong_password_of_postgresql_is_said_and_not_shown(password: str | None) -> None:
    url = sa.make_url(servers.guarded()).set(username="guest", password=password)
    for connect in (Database(url).connect, Database(url).adbc):
        with pytest.raises(AccessDenied, match="refuses access") as caught, connect():
            pass
        assert password is None or password not in caught.value.message


def test_rights_that_are_missing_in_postgresql_are_said() -> None:
    server = sa.make_url(servers.guarded())
    with Database(server) as owner, owner.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS closed (i integer)")
    with (
        Database(server.set(username="guest", password="right one")) as database,
        pytest.raises(AccessDenied, match="permission denied for table closed"),
        database.connect() as connection,
    ):
        connection.exec_driver_sql("SELECT * FROM closed")


def test_a_wrong_password_and_missing_rights_of_mariadb_are_said(tmp_path: Path) -> None:
    with servers.database("mysql", tmp_path) as url:
        name, engine = sa.make_url(url).database, sa.create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE closed (i integer)")
            connection.exec_driver_sql(f"CREATE USER {name}@'%%' IDENTIFIED BY 'right one'")
            connection.exec_driver_sql(f"CREATE USER {name}@localhost IDENTIFIED BY 'right one'")
            for host in ("'%%'", "localhost"):
                connection.exec_driver_sql(f"GRANT SHOW VIEW ON {name}.* TO {name}@{host}")
        try:
            guest = sa.make_url(url).set(username=name, password="a wrong one")
            with Database(guest) as database, pytest.raises(AccessDenied) as caught, database.connect():
                pass
            assert "a wrong one" not in caught.value.message
            with (
                Database(guest.set(password="right one")) as database,
                pytest.raises(AccessDenied, match="SELECT command denied"),
                database.connect() as connection,
            ):
                connection.exec_driver_sql("SELECT * FROM closed")
        finally:
            with engine.begin() as connection:
                connection.exec_driver_sql(f"DROP USER {name}@'%%', {name}@localhost")
            engine.dispose()


PASSWORDS = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), min_size=8)


@given(PASSWORDS, st.sampled_from(sorted(DIALECTS)))
def test_no_message_holds_a_password(password: str, kind: str) -> None:
    spellings = {password, quote(password), quote(password, safe=""), quote_plus(password), password[::-1]}
    usual = _message("0" * 40, kind, {"1" * 40})
    assume(not any(each.strip(".?! ") in usual for each in spellings))  # a password may be a word of any message
    found = _message(password, kind, spellings)
    assert [each for each in spellings if each.strip(".?! ") in found] == []


def _message(password: str, kind: str, spellings: set[str]) -> str:
    """What is said when a driver spells a password out in every way."""
    url = sa.URL.create("postgresql", "ann", password, "host", query={"sslpassword": password[::-1]})
    text = " ".join(f"cannot connect by {each} and ann:{each}@host;" for each in sorted(spellings))
    found = failures.error(sa.exc.OperationalError(text, None, _driver_error(kind, text)), kind, url)
    assert found is not None
    return f"{found.message} {found.hint}"


def _driver_error(kind: str, text: str) -> Exception:
    import sqlite3

    import duckdb
    import psycopg
    import pymysql

    made = {"sqlite": sqlite3.OperationalError, "duckdb": duckdb.IOException, "postgresql": psycopg.OperationalError}
    return pymysql.OperationalError(2003, text) if kind == "mysql" else made.get(kind, RuntimeError)(text)


def test_an_error_that_is_none_of_a_driver_is_left_as_it_is(database_url: str) -> None:
    with Database(database_url) as database, pytest.raises(KeyError), database.connect():
        raise KeyError("mine")


def test_every_rule_leads_to_a_category() -> None:
    named = {rule.category for dialect in DIALECTS.values() for rule in dialect.rules}
    assert named | {"other"} == set(failures.CATEGORIES)


@pytest.mark.parametrize(
    "sql",
    [
        *(
            "selec :given, 'TOPSECRET'",
            "SELECT absent FROM child WHERE code = :given",
            "SELECT 1 +\n:given 'TOPSECRET'",
        ),
        *("SELECT CAST(:given AS timestamp) AS a", "SELECT absent(:given, 'TOPSECRET')", "SELECT 'TOPSECRET"),
        *("SELECT 1 AS a; :given 'TOPSECRET'", "SELECT x'TOPSECRET'", "SELECT DATE '2020-TOPSECRET' AS a, absent"),
        *("SELECT CAST('TOPSECRET' AS integer) + absent", "SELECT 1 'a' 'TOPSECRET' 5", "DO 'TOPSECRET' 5"),
    ],
)
def test_no_value_of_a_query_gets_into_a_message(database: Database, sql: str) -> None:
    said = ""
    try:
        database.query(sql, {"given": "TOPSECRET"} if ":given" in sql else None)
    except DatabaseError as problem:  # some databases take some of these
        said = str(problem)
    assert "TOPSECRET" not in said


def test_no_value_of_a_row_gets_into_a_message(database: Database) -> None:
    with database.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO child VALUES (3, 1, 'TOPSECRET', 1)")
    found = broken(database, "INSERT INTO child VALUES (4, 1, 'TOPSECRET', 1)")
    assert "TOPSECRET" not in found.message


def test_a_message_loses_its_full_stop_and_an_ellipsis_stays() -> None:
    assert str(DatabaseError("It failed.", hint="Mend it.")) == DatabaseError("It failed.").message == "It failed"
    assert str(DatabaseError("It goes on...")) == "It goes on..."
