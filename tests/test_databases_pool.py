"""The bounded pool: never more connections than allowed, and figures that are true."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

import servers
from tablemend.caching.cache import QueryCache, live
from tablemend.databases.database import Database
from tablemend.databases.pool import Gate, PoolLimits, limits
from tablemend.errors import AccessDenied, DatabaseError, MissingObject, Timeout, Transient
from tablemend.settings import Settings


@pytest.fixture(autouse=True)
def no_cache_of_other_tests() -> None:
    """A cache that is alive asks, over the same pool, what the functions of a query do; here acquisitions count."""
    for each in live():
        each.close()


def one(database: Database) -> int:
    """Ask for something small."""
    with database.connect() as connection:
        return int(connection.exec_driver_sql("SELECT 1").scalar_one())


@pytest.mark.parametrize("cached", [False, True], ids=["no cache", "a cache in the process"])
def test_fifty_threads_share_ten_connections(database_url: str, cached: bool) -> None:
    cache = QueryCache() if cached else None  # told of what others write, which is nothing here
    with Database(database_url, limits=PoolLimits(maximum=10), cache=cache) as database:
        with ThreadPoolExecutor(50) as threads:
            assert sum(threads.map(lambda _: one(database), range(500))) == 500
        found = database.statistics()
        assert found.acquisitions == 500 == found.hits + found.opened
        assert 1 <= found.opened <= 10
        assert (found.in_use, found.idle, found.size) == (0, found.opened, found.opened)
        assert (found.timeouts, found.failures, found.closed) == (0, 0, 0)
    assert database.statistics().size == 0


@settings(max_examples=25, deadline=None)
@given(maximum=st.integers(1, 4), minimum=st.integers(0, 6), threads=st.integers(1, 8), calls=st.integers(1, 40))
def test_the_figures_add_up(
    tmp_path_factory: pytest.TempPathFactory, maximum: int, minimum: int, threads: int, calls: int
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('pool')}/a.db?mode=rwc"
    with Database(url, limits=PoolLimits(minimum=minimum, maximum=maximum)) as database:
        assert database.open_minimum() == min(minimum, maximum)
        assert database.open_minimum() == 0
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda _: one(database), range(calls)))
        found = database.statistics()
        assert found.acquisitions == calls == found.hits + found.opened - found.opened_ahead
        assert found.size == found.in_use + found.idle == found.opened - found.closed <= maximum
        assert (found.waits == 0) == (found.wait_seconds == 0)
        assert found.hit_rate == found.hits / calls


@given(st.lists(st.sampled_from(["enter", "leave", "lower", "widen"]), max_size=40), st.integers(1, 5))
def test_a_gate_never_lets_in_more_than_its_bound(steps: list[str], bound: int) -> None:
    gate, inside = Gate(bound), 0
    for step in steps:
        if step == "enter":
            entered = gate.enter(0) is not None
            assert entered == (inside < gate.maximum)
            inside += entered
        elif step == "leave" and inside:
            gate.leave()
            inside -= 1
        elif step == "lower":
            gate.lower(gate.maximum - 1)
        elif step == "widen":
            gate.widen(bound)
        assert gate.inside == inside
        assert 1 <= gate.maximum <= bound


def test_nothing_is_opened_before_it_is_needed(database_url: str) -> None:
    with Database(database_url) as database:
        assert database.statistics().size == 0
        assert database.statistics().hit_rate is None
        one(database)
        assert database.statistics().size == 1


def test_who_waits_in_vain_is_told_who_holds_the_connections(database_url: str) -> None:
    with Database(database_url, limits=PoolLimits(maximum=1, timeout=0.05)) as database, database.connect():
        with pytest.raises(Timeout, match=r"all 1 are in use, the longest for .* by thread MainThread at .*pool\.py"):
            one(database)
        found = database.statistics()
        assert (found.waits, found.timeouts, found.acquisitions) == (1, 1, 1)
        assert found.wait_seconds >= 0.05


def test_who_waits_is_served_when_a_connection_comes_back(database_url: str) -> None:
    with Database(database_url, limits=PoolLimits(maximum=1)) as database:
        with ExitStack() as held:
            held.enter_context(database.connect())
            waiting = threading.Thread(target=one, args=(database,))
            waiting.start()
            while not database._gate._queue:
                waiting.join(0.001)
        waiting.join()
        found = database.statistics()
        assert (found.acquisitions, found.hits, found.waits) == (2, 1, 1)
        assert found.wait_seconds > 0


def test_a_leak_is_reported_with_the_line_that_acquired_it(database_url: str) -> None:
    with Database(database_url, purpose="test of leaks") as database:
        with database.connect():
            (leak,) = database.leaks(older_than=0)
            assert database.leaks(older_than=60) == []
        assert database.leaks(older_than=0) == []
    assert leak.stack[0].startswith(__file__)
    assert leak.stack[0].endswith("in test_a_leak_is_reported_with_the_line_that_acquired_it")
    line = int(leak.stack[0].split(":")[-1].split()[0])
    assert "database.connect()" in Path(__file__).read_text(encoding="utf-8").splitlines()[line - 1]
    assert (leak.thread, leak.purpose) == ("MainThread", "test of leaks")


def test_a_connection_in_use_is_closed_when_it_comes_back(database_url: str) -> None:
    database = Database(database_url)
    with database.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        database.close()
        assert database.statistics().size == 1
    assert database.statistics().size == 0
    with pytest.raises(DatabaseError, match="was closed here"):
        one(database)


def insert_and_fail(database: Database) -> None:
    """A transaction that its own code stops."""
    with database.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        raise ZeroDivisionError


def test_a_block_that_raises_leaves_nothing_behind(database_url: str) -> None:
    with Database(database_url) as database:
        with database.transaction() as connection:
            connection.exec_driver_sql("CREATE TABLE t (i integer)")
        with pytest.raises(ZeroDivisionError):
            insert_and_fail(database)
        with database.connect() as connection:
            connection.exec_driver_sql("INSERT INTO t VALUES (2)")
        with database.transaction() as connection:
            connection.exec_driver_sql("INSERT INTO t VALUES (3)")
        with database.connect() as connection:
            assert connection.exec_driver_sql("SELECT i FROM t").scalars().all() == [3]


def test_a_read_only_connection_cannot_write_and_the_next_one_can(database_url: str) -> None:
    with Database(database_url, limits=PoolLimits(maximum=1)) as database:
        with database.transaction() as connection:
            connection.exec_driver_sql("CREATE TABLE t (i integer)")
        for _ in range(2):
            with pytest.raises(AccessDenied, match="is read-only here"), database.connect(read_only=True) as connection:
                connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        with database.transaction() as connection:
            connection.exec_driver_sql("INSERT INTO t VALUES (2)")
        with database.connect(read_only=True) as connection:
            assert connection.exec_driver_sql("SELECT i FROM t").scalars().all() == [2]


CROWDED = {
    "postgresql": ("CREATE ROLE {} LOGIN CONNECTION LIMIT 2", "DROP ROLE {}"),
    "mysql": (
        "CREATE USER {0}@localhost, {0}@'127.0.0.1' WITH MAX_USER_CONNECTIONS 2",
        "DROP USER {0}@localhost, {0}@'127.0.0.1'",
    ),
}


@pytest.fixture(params=sorted(CROWDED))
def crowded_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A server that lets a user have two connections."""
    make, drop = CROWDED[request.param]
    with servers.database(request.param, tmp_path) as url:
        user = f"tm_{secrets.token_hex(6)}"
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql(make.format(user))
            if request.param == "mysql":
                for host in ("localhost", "127.0.0.1"):
                    connection.exec_driver_sql(f"GRANT ALL ON {engine.url.database}.* TO {user}@'{host}'")
        yield sa.make_url(url).set(username=user).render_as_string(hide_password=False)
        with engine.begin() as connection:
            connection.exec_driver_sql(drop.format(user))
        engine.dispose()


def test_a_server_that_allows_fewer_connections_lowers_the_pool(crowded_url: str) -> None:
    with Database(crowded_url, limits=PoolLimits(maximum=8)) as database:
        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(lambda _: slow(database), range(24))) == 24
        found = database.statistics()
        assert found.maximum <= 2
        assert found.acquisitions == 24 == found.hits + found.opened
        assert found.failures == 0


def slow(database: Database) -> int:
    """Hold a connection for long enough that others come."""
    with database.connect() as connection:
        wait = "SELECT 1 FROM pg_sleep(0.02)" if database.kind == "postgresql" else "SELECT 1 + sleep(0.02)"
        return int(connection.exec_driver_sql(wait).scalar_one())


def test_a_server_with_no_connection_left_names_the_setting(crowded_url: str) -> None:
    with Database(crowded_url) as other, other.connect(), other.connect():
        with (
            Database(crowded_url, limits=PoolLimits(timeout=0.3)) as database,
            pytest.raises(Transient, match="setting pool_max"),
        ):
            one(database)
        assert database.statistics().failures == 1


def test_a_pool_that_was_lowered_says_so_and_widens_again(crowded_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Database(crowded_url, limits=PoolLimits(maximum=3, timeout=2.0)) as database:
        with database.connect(), database.connect(), pytest.raises(Timeout, match="allows fewer than pool_max, 3"):
            one(database)
        assert database.statistics().maximum == 2
        monkeypatch.setattr("tablemend.databases.database._RETRY", 0.0)
        one(database)
        assert database.statistics().maximum == 3


def test_adbc_connections_are_pooled_and_counted() -> None:
    with servers.schema() as url, Database(url, limits=PoolLimits(maximum=2, timeout=0.05)) as database:
        for _ in range(3):
            with database.adbc() as connection, connection.cursor() as cursor:
                cursor.execute("SELECT 7 AS n")
                assert cursor.fetch_arrow_table().to_pylist() == [{"n": 7}]
        found = database.adbc_statistics()
        assert found is not None
        assert (found.acquisitions, found.hits, found.opened, found.idle) == (3, 2, 1, 1)
        with database.adbc(), database.adbc(), pytest.raises(Timeout, match="all 2 are in use"), database.adbc():
            pass


@pytest.mark.parametrize("crowded_url", ["postgresql"], indirect=True)
def test_a_server_that_allows_fewer_connections_lowers_the_pool_of_adbc(crowded_url: str) -> None:
    def ask(database: Database) -> int:
        with database.adbc() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_sleep(0.02)")
            return int(cursor.fetchone()[0])

    with Database(crowded_url, limits=PoolLimits(maximum=6)) as database:
        with ThreadPoolExecutor(6) as threads:
            assert sum(threads.map(lambda _: ask(database), range(12))) == 12
        found = database.adbc_statistics()
        assert found is not None
        assert found.maximum <= 2
        assert found.acquisitions == 12 == found.hits + found.opened
        assert found.failures == 0


def test_an_adbc_connection_that_was_killed_is_replaced() -> None:
    with servers.schema() as url, Database(url) as database:
        with database.adbc() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone()
        with database.connect() as connection:
            connection.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)")
        with database.adbc() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        found = database.adbc_statistics()
        assert found is not None
        assert (found.opened, found.closed, found.size, found.acquisitions, found.hits) == (2, 1, 1, 2, 0)


def test_only_postgresql_is_reached_by_adbc(tmp_path: Path) -> None:
    with (
        Database(f"sqlite:///{tmp_path}/a.db?mode=rwc") as database,
        pytest.raises(DatabaseError, match="not reached by ADBC"),
        database.adbc(),
    ):
        pass


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_a_file_that_is_not_there_is_not_made(kind: str, tmp_path: Path) -> None:
    with Database(f"{kind}:///{tmp_path}/typo.db") as database, pytest.raises(MissingObject) as caught:
        one(database)
    assert "mode=rwc" in str(caught.value.hint)
    assert list(tmp_path.iterdir()) == []


def test_the_bounds_come_from_the_settings() -> None:
    given = Settings(pool_min=2, pool_max=3, pool_timeout=4.0, pool_recycle=5.0)
    assert limits(given) == PoolLimits(minimum=2, maximum=3, timeout=4.0, recycle=5.0)
