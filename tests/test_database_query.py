"""Queries of a database through the cache: results as they are, and never from before a write."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import servers
from tablemend.caching import CacheLimits, QueryCache
from tablemend.databases import bulk, slow
from tablemend.databases.asynchronous import AsyncDatabase
from tablemend.databases.database import Database
from tablemend.databases.pool import PoolLimits
from tablemend.errors import AccessDenied, DatabaseError, MissingObject, SettingsError, Timeout

ALL_T = "SELECT id, a FROM t ORDER BY id"
JOINED = "SELECT t.id FROM t JOIN u ON u.id = t.id ORDER BY t.id"


@pytest.fixture
def alone() -> bool:
    """What a database keeps of results depends on all that it holds."""
    return True


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with two tables, a view, and a cache."""
    with Database(database_url, cache=QueryCache()) as opened:
        with opened.transaction() as connection:
            for sql in (
                "CREATE TABLE t (id integer PRIMARY KEY, a varchar(20))",
                "CREATE TABLE u (id integer PRIMARY KEY, a varchar(20))",
                "CREATE VIEW v AS SELECT id, a FROM t WHERE id > 0",
                "INSERT INTO t VALUES (1, 'one')",
                "INSERT INTO u VALUES (1, 'eins')",
            ):
                connection.exec_driver_sql(sql)
        yield opened


def write(database: Database, sql: str) -> None:
    with database.transaction() as connection:
        connection.exec_driver_sql(sql)


def write_and_fail(database: Database, sql: str) -> None:
    with database.transaction() as connection:
        connection.exec_driver_sql(sql)
        raise ZeroDivisionError


def cached(database: Database, sql: str, **options: Any) -> str | None:
    return database.query(sql, **options).cached


def test_a_second_query_is_served_from_this_process_with_its_age(database: Database) -> None:
    first, second = database.query(ALL_T), database.query(ALL_T)
    assert (first.cached, second.cached) == (None, "process")
    assert first.table.to_pylist() == second.table.to_pylist() == [{"id": 1, "a": "one"}]
    assert first.table.schema == bulk.read_table(database, ALL_T).schema
    assert 0 < first.age <= second.age
    assert first.key == second.key


def test_parameters_belong_to_the_result(database: Database) -> None:
    sql = "SELECT a FROM t WHERE id = :id"
    assert [database.query(sql, {"id": n}).table.num_rows for n in (1, 2, 1)] == [1, 0, 1]
    assert database.query(sql, {"id": 2}).cached == "process"


@pytest.mark.parametrize(
    "sql", [ALL_T, JOINED, "SELECT id FROM v ORDER BY id", "SELECT id FROM u UNION SELECT id FROM t"]
)
def test_a_write_makes_every_query_of_its_table_invalid(database: Database, sql: str) -> None:
    for expected in (None, "process"):
        assert cached(database, sql) == expected
    write(database, "INSERT INTO t VALUES (2, 'two')")
    assert cached(database, sql) is None


def test_a_write_leaves_queries_of_other_tables_alone(database: Database) -> None:
    cached(database, ALL_T)
    cached(database, "WITH t AS (SELECT 1 AS id) SELECT u.id FROM u JOIN t ON t.id = u.id")
    write(database, "UPDATE u SET a = 'uno'")
    assert cached(database, ALL_T) == "process"


@pytest.mark.parametrize("sql", ["ALTER TABLE u ADD COLUMN b integer", "DROP VIEW v", "CREATE TABLE w (id integer)"])
def test_a_change_of_the_schema_makes_every_query_invalid(database: Database, sql: str) -> None:
    cached(database, ALL_T)
    write(database, sql)
    assert cached(database, ALL_T) is None


def test_a_view_that_is_made_anew_is_read_anew(database: Database) -> None:
    sql = "SELECT a FROM v"
    cached(database, sql)
    with database.transaction() as connection:
        connection.exec_driver_sql("DROP VIEW v")
        connection.exec_driver_sql("CREATE VIEW v AS SELECT a FROM u")
    assert database.query(sql).table.to_pylist() == [{"a": "eins"}]
    write(database, "UPDATE u SET a = 'uno'")
    assert database.query(sql).table.to_pylist() == [{"a": "uno"}]


def test_every_bulk_verb_makes_results_invalid(database: Database) -> None:
    def changed(verb: Any) -> list[dict[str, Any]]:
        assert cached(database, ALL_T) in (None, "process")
        verb()
        found = database.query(ALL_T)
        assert found.cached is None
        return list(found.table.to_pylist())

    two, three = pa.table({"id": [2], "a": ["two"]}), pa.table({"id": [2, 3], "a": ["zwei", "drei"]})
    assert len(changed(lambda: bulk.insert(database, (None, "t"), two))) == 2
    assert changed(lambda: bulk.update(database, (None, "t"), ["id"], two.set_column(1, "a", pa.array(["x"]))))[1] == {
        "id": 2,
        "a": "x",
    }
    assert len(changed(lambda: bulk.upsert(database, (None, "t"), ["id"], three))) == 3
    assert len(changed(lambda: bulk.delete(database, (None, "t"), ["id"], two))) == 2
    assert len(changed(lambda: bulk.create(database, (None, "n"), two.schema))) == 2


def test_a_bulk_verb_inside_a_transaction_counts_when_that_ends(database: Database) -> None:
    cached(database, ALL_T)
    with database.transaction() as connection:
        bulk.insert(connection, (None, "t"), pa.table({"id": [2], "a": ["two"]}))
        if database.kind in ("postgresql", "mysql"):  # the others lock readers out, or hold what they read
            assert cached(database, ALL_T) == "process"
    assert database.query(ALL_T).table.num_rows == 2


def test_a_block_that_failed_counts_as_if_it_had_been_committed(database: Database) -> None:
    cached(database, ALL_T)
    with pytest.raises(ZeroDivisionError):
        write_and_fail(database, "INSERT INTO t VALUES (2, 'two')")
    assert cached(database, ALL_T) is None


def test_a_write_by_another_object_of_this_process_counts_as_well(database: Database, database_url: str) -> None:
    if database.kind == "duckdb":
        pytest.skip("one object at a time may open a file of DuckDB")
    cached(database, ALL_T)
    with Database(database_url) as other:
        write(other, "INSERT INTO t VALUES (2, 'two')")
    assert database.query(ALL_T).table.num_rows == 2


def test_a_commit_in_a_plain_connection_counts_when_its_block_ends(database: Database) -> None:
    cached(database, ALL_T)
    with database.connect() as connection:
        connection.execute(sa.text("INSERT INTO t VALUES (2, 'two')"))
        connection.commit()
    assert database.query(ALL_T).table.num_rows == 2


def test_a_plain_connection_counts_without_a_commit_that_could_be_seen(database: Database) -> None:
    """Some tables know no rollback, and COMMIT may come as SQL."""
    for sql in ("COMMIT", "SELECT 1 AS a"):
        cached(database, ALL_T)
        with database.connect() as connection:
            connection.execute(sa.text("UPDATE t SET a = 'two'"))
            connection.exec_driver_sql(sql)
        found = database.query(ALL_T)
        assert (found.cached, found.table["a"].to_pylist()) == (None, ["two"])


def test_a_commit_by_itself_counts_in_a_plain_connection(database: Database) -> None:
    if database.kind not in ("postgresql", "mysql"):
        pytest.skip("every change stands in a transaction there")
    cached(database, ALL_T)
    with database.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(sa.text("INSERT INTO t VALUES (2, 'two')"))
    assert database.query(ALL_T).table.num_rows == 2


def test_a_change_of_the_schema_counts_also_where_it_commits_by_itself(database: Database) -> None:
    cached(database, ALL_T)
    with database.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE w (id integer)")
    assert cached(database, ALL_T) is None


def test_what_a_trigger_changes_is_not_given_from_before(tmp_path: Path) -> None:
    with Database(f"sqlite:///{tmp_path}/a.db?mode=rwc", cache=QueryCache()) as database:
        for sql in (
            "CREATE TABLE t (id integer)",
            "CREATE TABLE log (n integer)",
            "CREATE TRIGGER told AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.id); END",
        ):
            write(database, sql)
        assert database.query("SELECT n FROM log").table.num_rows == 0
        write(database, "INSERT INTO t VALUES (1)")
        assert database.query("SELECT n FROM log").table.num_rows == 1


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mysql"])
def test_what_a_cascade_removes_is_not_given_from_before(kind: str, tmp_path: Path) -> None:
    with servers.database(kind, tmp_path, alone=True) as url, Database(url, cache=QueryCache()) as database:
        for sql in (
            "CREATE TABLE p (id integer PRIMARY KEY)",
            "CREATE TABLE c (id integer, FOREIGN KEY (id) REFERENCES p (id) ON DELETE CASCADE)",
            "INSERT INTO p VALUES (1)",
            "INSERT INTO c VALUES (1)",
        ):
            write(database, sql)
        assert database.query("SELECT id FROM c").table.num_rows == 1
        write(database, "DELETE FROM p")
        assert database.query("SELECT id FROM c").table.num_rows == 0


def test_what_is_inserted_into_a_partition_shows_in_the_whole(tmp_path: Path) -> None:
    with servers.database("postgresql", tmp_path, alone=True) as url, Database(url, cache=QueryCache()) as database:
        write(database, "CREATE TABLE whole (id integer) PARTITION BY RANGE (id)")
        write(database, "CREATE TABLE part PARTITION OF whole FOR VALUES FROM (0) TO (10)")
        for n in range(3):
            assert database.query("SELECT id FROM whole").table.num_rows == n
            write(database, f"INSERT INTO part VALUES ({n})")


@pytest.mark.parametrize(
    "sql", ["SELECT CURRENT_TIMESTAMP AS n", "SELECT id FROM t WHERE a <> 'now'", "SELECT 1 AS a WHERE own(1) = 1"]
)
def test_what_is_not_kept_says_why(database: Database, sql: str) -> None:
    try:
        found = database.query(sql)
    except DatabaseError:
        assert "own" in sql
        found = None
    assert found is None or (found.cached, found.key, bool(found.uncached)) == (None, "", True)
    assert database.cache is not None
    assert database.cache.statistics().all.uncached == 1
    assert database.cache.statistics().all.lookups == 0


def test_a_ttl_of_0_asks_the_database_and_keeps_nothing(database: Database) -> None:
    cached(database, ALL_T)
    assert [cached(database, ALL_T, ttl=0), cached(database, ALL_T)] == [None, "process"]


@pytest.mark.parametrize("ttl", [-1, float("nan"), float("inf")])
def test_a_ttl_that_cannot_be_is_refused(database: Database, ttl: float) -> None:
    with pytest.raises(SettingsError, match="ttl"):
        database.query(ALL_T, ttl=ttl)


def test_errors_come_as_they_do_without_a_cache_and_are_not_kept(database: Database) -> None:
    for _ in range(2):
        with pytest.raises(MissingObject):
            database.query("SELECT id FROM absent")
    write(database, "CREATE TABLE absent (id integer)")
    assert database.query("SELECT id FROM absent").table.num_rows == 0


@pytest.mark.parametrize("sql", ["INSERT INTO t VALUES (9, 'x')", "DELETE FROM t"])
def test_a_query_cannot_write(database: Database, sql: str) -> None:
    with pytest.raises(AccessDenied, match="read-only here"):
        database.query(sql)
    assert database.query(ALL_T, ttl=0).table.num_rows == 1


def test_reading_in_bulk_cannot_write(database: Database) -> None:
    with pytest.raises(DatabaseError):
        bulk.read_table(database, "INSERT INTO t VALUES (9, 'x')")
    assert bulk.read_table(database, ALL_T).num_rows == 1


def test_in_postgresql_it_is_the_server_that_refuses_to_write(tmp_path: Path) -> None:
    with servers.database("postgresql", tmp_path, alone=True) as url, Database(url) as database:
        write(database, "CREATE TABLE t (id integer)")
        with pytest.raises(AccessDenied):
            bulk.read_table(database, "INSERT INTO t VALUES (1) RETURNING id")


def test_a_query_that_takes_too_long_is_stopped(database: Database) -> None:
    endless = "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n > 0) SELECT max(n) AS m FROM r"
    sql = "SELECT sleep(20) AS n" if database.kind == "mysql" else endless
    with pytest.raises(Timeout):
        database.query(sql, timeout=0.05)
    assert database.query("SELECT id FROM t", timeout=60).table.num_rows == 1


def test_async_reads_share_the_cache_and_keep_their_types(database_url: str) -> None:
    cache = QueryCache()

    async def work() -> list[pa.Table]:
        async with AsyncDatabase(database_url, cache=cache) as database:
            await database.call(lambda opened: write(opened, "CREATE TABLE t (id integer)"))
            await database.call(lambda opened: write(opened, "INSERT INTO t VALUES (1)"))
            return [await database.read("SELECT id FROM t") for _ in range(3)]

    found = asyncio.run(work())
    assert {each.schema.field("id").type for each in found} == {pa.int64()}
    assert (cache.statistics().all.hits_process, cache.statistics().all.misses) == (2, 1)


def test_users_of_one_database_do_not_share_results(tmp_path: Path) -> None:
    with servers.postgresql_database() as url:
        cache = QueryCache()
        parsed = sa.make_url(url)
        other = parsed.update_query_dict({"application_name": "other"})
        with Database(parsed, cache=cache) as one, Database(other, cache=cache) as two:
            write(one, "CREATE TABLE t (id integer)")
            assert [cached(one, "SELECT id FROM t"), cached(two, "SELECT id FROM t")] == [None, None]
            write(two, "INSERT INTO t VALUES (1)")
            assert one.query("SELECT id FROM t").table.num_rows == 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(["t", "u", "view", "join", "+t", "+u", "fail"]), max_size=25))
def test_any_order_of_reads_and_writes_gives_what_the_database_holds(database: Database, steps: list[str]) -> None:
    queries = {
        "t": ALL_T,
        "u": "SELECT id, a FROM u ORDER BY id",
        "view": "SELECT id FROM v ORDER BY id",
        "join": JOINED,
    }
    for step in steps:
        if step in queries:
            found = database.query(queries[step])
            assert found.table.to_pylist() == bulk.read_table(database, queries[step]).to_pylist()
        elif step == "fail":
            with pytest.raises(ZeroDivisionError):
                write_and_fail(database, "DELETE FROM t")
        else:
            write(database, f"INSERT INTO {step[1]} SELECT max(id) + 1, 'more' FROM {step[1]}")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_readers_racing_a_writer_never_see_less_than_was_written(kind: str, tmp_path: Path) -> None:
    with (
        servers.database(kind, tmp_path, alone=True) as url,
        Database(url, cache=QueryCache(), limits=PoolLimits(maximum=8)) as database,
    ):
        write(database, "CREATE TABLE t (id integer)")
        done, over, wrong = [0], threading.Event(), []

        def read() -> None:
            while not over.is_set():
                least = done[0]
                seen = database.query("SELECT count(*) AS n FROM t").table["n"][0].as_py()
                if seen < least:
                    wrong.append((least, seen))

        readers = [threading.Thread(target=read) for _ in range(4)]
        for each in readers:
            each.start()
        for n in range(60):
            write(database, f"INSERT INTO t VALUES ({n})")
            done[0] = n + 1
        over.set()
        for each in readers:
            each.join()
        assert wrong == []
        assert database.query("SELECT count(*) AS n FROM t").table["n"][0].as_py() == 60


def test_a_slow_query_is_logged_with_its_plan_and_without_values(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    noted: list[str] = []
    with Database(database_url, slow_seconds=0, note=noted.append) as database:
        write(database, "CREATE TABLE t (id integer, a varchar(40))")
        with caplog.at_level(logging.WARNING, "tablemend.databases"):
            sql = "SELECT id FROM t WHERE a = 'secret' AND id = 4711 AND a <> :name"
            database.query(sql, {"name": "hidden one"})
    (record,) = caplog.records
    text = record.getMessage()
    assert "SELECT id FROM t WHERE a = ? AND id = ? AND a <> : name" in text
    assert not any(each in text for each in ("secret", "4711", "hidden"))
    assert "no plan" not in text
    assert len(text.splitlines()) > 1
    assert noted == ["database.queries", "database.slow_queries"]


@pytest.mark.parametrize("kind", ["sqlite", "mysql", "postgresql", "duckdb"])
def test_what_may_be_a_text_in_quotes_is_not_logged(kind: str) -> None:
    special = {"sqlite": ['"TOPSECRET"', "x'70BEC4E7'"], "mysql": ['"TOPSECRET"', "0x70BEC4E7"]}
    for text in ["'TOPSECRET'", "777e5", *special.get(kind, ["$$TOPSECRET$$"])]:
        shown = slow.redacted(f"SELECT n FROM p WHERE city = {text} -- TOPSECRET", kind)
        assert shown == "SELECT n FROM p WHERE city = ?"


def test_a_quick_query_is_not_logged(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    database.slow_seconds = 60
    database.query(ALL_T)
    assert caplog.records == []


def test_a_cache_that_is_small_still_gives_what_is_asked(database_url: str) -> None:
    with Database(database_url, cache=QueryCache(CacheLimits(size=1))) as database:
        write(database, "CREATE TABLE t (id integer)")
        assert [cached(database, "SELECT id FROM t") for _ in range(2)] == [None, None]


@pytest.mark.parametrize(("sql", "has"), [("SELECT 1 AS a", "no parameters"), ("SELECT :b AS a", "are :b")])
def test_a_parameter_that_is_not_in_the_query_is_said(database: Database, sql: str, has: str) -> None:
    with pytest.raises(SettingsError, match=f"no parameter :x; .*{has}"):
        database.query(sql, {"x": 1})


@pytest.mark.parametrize("params", [None, {"id": 1}])
def test_a_parameter_that_is_not_given_is_said(database: Database, params: dict[str, Any] | None) -> None:
    sql = "SELECT id FROM t WHERE a = :city" + (" AND id = :id" if params else "")
    with pytest.raises(SettingsError, match="parameter :city, which is not given") as caught:
        database.query(sql, params)
    assert "--param city=…" in (caught.value.hint or "")


def test_what_looks_like_a_parameter_in_a_text_is_none(database: Database) -> None:
    assert database.query("SELECT ' :city' AS a FROM t").table.to_pylist() == [{"a": " :city"}]
    with pytest.raises(DatabaseError, match="absent"):
        database.query("SELECT ' :city' AS a FROM absent")


def test_a_failure_for_another_reason_stays_what_it_is(database: Database) -> None:
    with pytest.raises(MissingObject):
        database.query("SELECT id FROM absent")


def test_a_ttl_that_is_no_number_is_refused(database: Database) -> None:
    with pytest.raises(SettingsError, match="'soon'"):
        database.query(ALL_T, ttl="soon")  # type: ignore[arg-type]
