"""The cache in Redis: shared between caches and processes, and harmless where Redis fails in any way."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
import redis

import servers
from tablemend.caching import QueryCache, Shared
from tablemend.databases.database import Database
from tablemend.errors import SettingsError

SQL = "SELECT n FROM t"
KEY = ("who", SQL, "")


@pytest.fixture
def alone() -> bool:
    """What a database keeps of results depends on all that it holds."""
    return True


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def own(tmp_path: Path) -> Iterator[servers.OwnRedis]:
    """A Redis that the test may kill; not started."""
    found = servers.OwnRedis(tmp_path)
    try:
        yield found
    finally:
        found.kill()


@pytest.fixture
def caches(prefix: str) -> Iterator[Callable[[], QueryCache]]:
    """Makes caches that share a Redis, as processes do."""
    made: list[QueryCache] = []

    def make() -> QueryCache:
        made.append(QueryCache(shared=Shared(servers.redis_url(), prefix)))
        return made[-1]

    yield make
    for each in made:
        each.close()


def ask(cache: QueryCache, value: int = 1, *, ttl: float | None = None) -> tuple[int, str | None]:
    """What a cache says to a query of table t, which the database would answer with `value`; and where it was kept."""
    found = cache.fetch(cache.capture("shop", ("t",)), KEY, lambda: pa.table({"n": [value]}), ttl=ttl)
    return found.table["n"][0].as_py(), found.cached


def test_a_result_of_one_cache_serves_another(caches: Callable[[], QueryCache]) -> None:
    one, other = caches(), caches()
    assert ask(one, 1) == (1, None)
    assert ask(other, 2) == (1, "redis")
    assert ask(other, 2) == (1, "process")
    assert other.statistics().all.hits_redis == 1


def test_an_empty_result_is_kept_as_well(caches: Callable[[], QueryCache]) -> None:
    one, other = caches(), caches()
    empty = pa.table({"n": pa.array([], pa.int32())})
    one.fetch(one.capture("shop", ("t",)), KEY, lambda: empty)
    found = other.fetch(other.capture("shop", ("t",)), KEY, lambda: pa.table({"n": [1]}))
    assert (found.cached, found.table) == ("redis", empty)


def test_a_write_through_one_makes_the_results_of_all_others_invalid(caches: Callable[[], QueryCache]) -> None:
    one, other = caches(), caches()
    ask(one, 1)
    ask(other, 1)
    one.publish("shop", ["t"])
    assert ask(other, 2) == (2, None)
    assert ask(one, 3) == (2, "redis")


def test_a_write_to_another_table_leaves_a_result_alone(caches: Callable[[], QueryCache]) -> None:
    one, other = caches(), caches()
    ask(one, 1)
    other.publish("shop", ["u"])
    other.publish("warehouse", ["t"])
    assert ask(other, 2) == (1, "redis")


@pytest.mark.parametrize("what", [{"tables": ["*"]}, {"tables": ["u"], "schema": True}])
def test_an_unknown_write_and_a_change_of_the_schema_concern_every_table(
    caches: Callable[[], QueryCache], what: dict[str, object]
) -> None:
    one, other = caches(), caches()
    ask(one, 1)
    ask(other, 1)
    other.publish("shop", **what)  # type: ignore[arg-type]
    assert ask(one, 2) == (2, None)


def test_the_age_goes_on_from_where_it_was(prefix: str) -> None:
    clock = Clock()
    one = QueryCache(shared=Shared(servers.redis_url(), prefix), clock=clock)

    def slow() -> pa.Table:
        clock.now += 5
        return pa.table({"n": [1]})

    assert one.fetch(one.capture("shop", ("t",)), KEY, slow).age == 5
    other = QueryCache(shared=Shared(servers.redis_url(), prefix))
    found = other.fetch(other.capture("shop", ("t",)), KEY, slow)
    assert found.cached == "redis"
    assert 5 <= found.age < 60
    assert ask(other, 2, ttl=4) == (2, None)
    one.close()
    other.close()


def test_clearing_one_clears_all(caches: Callable[[], QueryCache]) -> None:
    one, other = caches(), caches()
    ask(one, 1)
    ask(other, 1)
    assert one.clear() == 1
    assert ask(other, 2) == (2, None)


def test_a_table_is_cleared_everywhere_by_its_name(caches: Callable[[], QueryCache]) -> None:
    one, other = caches(), caches()
    ask(one, 1)
    ask(other, 1)
    assert one.remove(table="T") == 1
    assert ask(other, 2) == (2, None)


def test_queries_like_a_pattern_are_removed_and_others_stay(caches: Callable[[], QueryCache]) -> None:
    one, other = caches(), caches()
    ask(one, 1)
    assert one.remove(pattern="SELECT m *") == 0
    assert ask(caches(), 2) == (1, "redis")
    assert one.remove(pattern="SELECT n *") == 1
    assert ask(other, 3) == (3, None)


def test_what_is_kept_can_be_listed(caches: Callable[[], QueryCache], prefix: str) -> None:
    ask(caches(), 1)
    found = Shared(servers.redis_url(), prefix).listed()
    assert found is not None
    ((description, size),) = found
    assert (description.tables, description.text, description.rows) == (("t",), SQL, 1)
    assert size > 100


@pytest.mark.parametrize("garbage", [b"", b"TMQC", b"x" * 500, "cut", "flipped", "list"])
def test_garbage_is_removed_counted_and_read_anew(
    caches: Callable[[], QueryCache], prefix: str, garbage: bytes | str
) -> None:
    one, other = caches(), caches()
    ask(one, 1)
    with redis.Redis.from_url(servers.redis_url()) as client:
        (key,) = client.keys(f"{prefix}:e:*")
        whole = client.get(key)
        changed = {"cut": whole[:-10], "flipped": whole[:-10] + bytes([whole[-10] ^ 1]) + whole[-9:]}
        client.delete(key)
        if garbage == "list":
            client.rpush(key, "x")
        else:
            client.set(key, changed.get(str(garbage), garbage), px=60_000)
        assert ask(other, 2) == (2, None)
        assert other.statistics().redis.garbage == 1
        assert ask(caches(), 3) == (2, "redis")


def test_garbage_in_the_place_of_a_version_is_removed(caches: Callable[[], QueryCache], prefix: str) -> None:
    one = caches()
    ask(one, 1)
    with redis.Redis.from_url(servers.redis_url()) as client:
        (key,) = client.keys(f"{prefix}:v:*:t")
        client.delete(key)
        client.rpush(key, "x")
    ask(one, 2)
    assert one.statistics().redis.garbage == 1
    assert ask(one, 3)[0] == 3
    assert ask(caches(), 4) == (3, "redis")


def test_without_redis_at_the_start_this_process_keeps_results(own: servers.OwnRedis) -> None:
    cache = QueryCache(shared=Shared(own.url, "t"))
    assert [ask(cache, 1), ask(cache, 2)] == [(1, None), (1, "process")]
    cache.publish("shop", ["t"])
    assert ask(cache, 3) == (3, None)
    found = cache.statistics().redis
    assert found.state == "away"
    assert found.errors >= 1
    assert 0 < found.next_try <= 30
    cache.close()


def test_redis_that_comes_later_is_used(own: servers.OwnRedis) -> None:
    clock = Clock()
    cache = QueryCache(shared=Shared(own.url, "t", clock=clock))
    ask(cache, 1)
    own.start()
    clock.now += 31
    assert ask(cache, 2) == (2, None)
    other = QueryCache(shared=Shared(own.url, "t"))
    assert ask(other, 3) == (2, "redis")
    assert (cache.statistics().redis.state, cache.statistics().redis.recoveries) == ("ready", 1)
    cache.close()
    other.close()


def test_redis_that_dies_leaves_this_process_with_what_it_has(own: servers.OwnRedis) -> None:
    own.start()
    cache = QueryCache(shared=Shared(own.url, "t"))
    ask(cache, 1)
    own.kill()
    assert ask(cache, 2) == (1, "process")
    assert cache.statistics().redis.state == "away"
    cache.publish("shop", ["t"])
    assert ask(cache, 3) == (3, None)
    cache.close()


def test_after_an_outage_nothing_from_before_it_is_found(own: servers.OwnRedis) -> None:
    """A write may have been missed meanwhile: here one that the other cache could not tell."""
    own.start()
    clock = Clock()
    cache, other = (QueryCache(shared=Shared(own.url, "t", clock=clock)) for _ in range(2))
    ask(cache, 1)
    ask(other, 1)
    own.kill()
    other.publish("shop", ["t"])
    assert ask(cache, 2)[1] == "process"
    own.start()
    clock.now += 31
    assert ask(cache, 3) == (3, None)
    assert ask(other, 4)[0] in (3, 4)  # it puts everything out of reach once more when it comes back itself
    cache.close()
    other.close()


def test_redis_that_starts_anew_and_empty_does_not_bring_old_versions_back(own: servers.OwnRedis) -> None:
    own.start()
    cache = QueryCache(shared=Shared(own.url, "t"))
    ask(cache, 1)
    own.kill()
    own.start()
    assert ask(cache, 2)[0] in (1, 2)  # the outage may show in the first call, or the versions may be new already
    ask(cache, 3)
    cache.publish("shop", ["t"])
    assert ask(cache, 4) == (4, None)
    cache.close()


def test_a_write_is_told_when_redis_is_back_although_nobody_asks(own: servers.OwnRedis) -> None:
    own.start()
    writer, reader = (QueryCache(shared=Shared(own.url, "t")) for _ in range(2))
    ask(reader, 1)
    own.kill()
    writer.publish("shop", ["t"])
    own.start()
    assert writer.shared is not None
    for each in threading.enumerate():
        if each.name == "tablemend-cache":
            each.join(60)
    assert writer.shared.state().state == "ready"
    assert ask(reader, 2) == (2, None)
    writer.close()
    reader.close()


def saved(own: servers.OwnRedis) -> None:
    with redis.Redis.from_url(own.url) as client:
        client.save()


def test_what_a_redis_saved_before_a_write_is_found_no_more_when_it_is_started_anew(own: servers.OwnRedis) -> None:
    """The write was told to it, and lost with it; the writer and its readers have ended."""
    own.start()
    writer = QueryCache(shared=Shared(own.url, "t"))
    ask(writer, 1)
    saved(own)
    writer.publish("shop", ["t"])
    writer.close()
    own.kill()
    own.start()
    with redis.Redis.from_url(own.url) as client:
        assert len(list(client.scan_iter("t:e:*"))) == 1
    reader = QueryCache(shared=Shared(own.url, "t"))
    assert ask(reader, 2) == (2, None)
    reader.close()


def test_a_write_while_a_redis_is_away_counts_after_it_was_started_from_what_it_saved(
    own: servers.OwnRedis, caplog: pytest.LogCaptureFixture
) -> None:
    own.start()
    reader = QueryCache(shared=Shared(own.url, "t"))
    ask(reader, 1)
    saved(own)
    own.kill()
    writer = QueryCache(shared=Shared(own.url, "t"))
    writer.publish("shop", ["t"])
    writer.close()
    assert "Redis could not be told of writes" in caplog.text
    own.start()
    assert ask(reader, 2) == (2, None)
    late = QueryCache(shared=Shared(own.url, "t"))
    assert ask(late, 3) == (2, "redis")
    for each in (reader, late):
        each.close()


def test_a_writer_that_ends_tells_a_redis_that_is_back_once_more(
    own: servers.OwnRedis, caplog: pytest.LogCaptureFixture
) -> None:
    own.start()
    clock = Clock()
    reader = QueryCache(shared=Shared(own.url, "t"))
    writer = QueryCache(shared=Shared(own.url, "t", clock=clock))  # whose pause never ends by itself
    ask(reader, 1)
    assert writer.shared is not None
    pool = writer.shared._client.connection_pool
    pool.connection_kwargs["port"] = 1  # cut off from a Redis that lives
    writer.publish("shop", ["t"])
    assert ask(reader, 2) == (1, "process")
    pool.connection_kwargs["port"] = own.port
    pool.reset()
    writer.close()
    assert caplog.text == ""
    assert ask(reader, 2) == (2, None)
    reader.close()


def test_something_else_under_the_prefix_does_not_keep_results_from_being_cleared(own: servers.OwnRedis) -> None:
    own.start()
    cache = QueryCache(shared=Shared(own.url, "t"))
    ask(cache, 1)
    with redis.Redis.from_url(own.url) as client:
        client.lpush("t:e:list", "x")
    assert cache.shared is not None
    assert cache.shared.remove(text="*") == 1
    assert cache.shared.state().state == "ready"
    cache.close()


def test_a_full_redis_serves_writes_and_this_process(own: servers.OwnRedis) -> None:
    own.start("--maxmemory", "3mb", "--maxmemory-policy", "noeviction")
    cache, other = (QueryCache(shared=Shared(own.url, "t")) for _ in range(2))
    ask(cache, 1)
    ask(other, 1)
    with redis.Redis.from_url(own.url) as client:
        for size in (100_000, 1_000, 10):
            filled = (client.set(f"filler{size}_{n}", b"x" * size) for n in range(1_000_000))
            with pytest.raises(redis.exceptions.OutOfMemoryError):
                all(filled)
    large = pa.table({"n": list(range(10_000))})
    cache.fetch(cache.capture("shop", ("t",)), ("who", "SELECT 2", ""), lambda: large)
    found = cache.statistics().redis
    assert (found.state, found.errors) == ("full", 0)
    assert found.refusals >= 1
    cache.publish("shop", ["t"])
    assert ask(cache, 5) == (5, None)
    assert ask(cache, 6) == (5, "process")
    assert ask(other, 7)[0] in (5, 7)  # as the write made room for a version, or did not
    cache.close()
    other.close()


def test_a_url_that_is_none_is_named_without_what_it_holds() -> None:
    with pytest.raises(SettingsError, match="cache_redis_url is not understood") as problem:
        Shared("http://:secret@host", "t")
    assert "secret" not in str(problem.value)


READER = """
import sys
from tablemend.caching import QueryCache, Shared
from tablemend.databases.database import Database
cache = QueryCache(shared=Shared(sys.argv[2], sys.argv[3]))
with Database(sys.argv[1], cache=cache) as database:
    for _ in sys.stdin:
        found = database.query("SELECT max(id) AS n FROM t")
        print(found.table["n"][0].as_py(), found.cached, flush=True)
"""


def test_a_write_is_seen_by_another_process_once_it_has_returned(
    database_url: str, prefix: str, caches: Callable[[], QueryCache]
) -> None:
    if database_url.startswith("duckdb"):
        pytest.skip("one process at a time may open a file of DuckDB")
    with Database(database_url, cache=caches()) as database:
        with database.transaction() as connection:
            connection.exec_driver_sql("CREATE TABLE t (id integer)")
            connection.exec_driver_sql("INSERT INTO t VALUES (0)")
        command = [sys.executable, "-c", READER, database_url, servers.redis_url(), prefix]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
            assert other.stdin
            assert other.stdout

            def told() -> list[str]:
                assert other.stdin
                assert other.stdout
                other.stdin.write("\n")
                other.stdin.flush()
                return other.stdout.readline().split()

            assert told() == ["0", "None"]
            assert told() == ["0", "process"]
            for n in range(1, 20):
                with database.transaction() as connection:
                    connection.exec_driver_sql(f"INSERT INTO t VALUES ({n})")
                assert told() == [str(n), "None"]
                found = database.query("SELECT max(id) AS n FROM t")
                assert (found.table["n"][0].as_py(), found.cached) == (n, "redis")
            other.stdin.close()


@pytest.mark.parametrize("seed", range(3))
def test_no_own_write_is_ever_missed_while_redis_comes_and_goes(own: servers.OwnRedis, seed: int) -> None:
    draw, clock, written = random.Random(seed), Clock(), 0
    cache = QueryCache(shared=Shared(own.url, "t", clock=clock))
    up = False
    for _ in range(120):
        step = draw.choice(
            ["read", "read", "read", "write", "write", "wait", "toggle" if draw.random() < 0.3 else "read"]
        )
        if step == "read":
            assert ask(cache, written)[0] == written
        elif step == "write":
            written += 1
            cache.publish("shop", ["t"])
        elif step == "wait":
            clock.now += draw.choice([1, 31])
        else:
            (own.kill if up else own.start)()
            up = not up
    found = cache.statistics()
    assert found.all.lookups == found.all.hits_process + found.all.hits_redis + found.all.misses
    cache.close()


def test_readers_of_several_caches_never_see_less_than_was_written(caches: Callable[[], QueryCache]) -> None:
    writer, readers = caches(), [caches() for _ in range(3)]
    truth, told, over, wrong = [0], [0], threading.Event(), []

    def read(cache: QueryCache) -> None:
        while not over.is_set():
            least = told[0]
            captured = cache.capture("shop", ("t",))
            found = cache.fetch(captured, KEY, lambda: pa.table({"n": [truth[0]]}))
            if found.table["n"][0].as_py() < least:
                wrong.append((least, found))

    threads = [threading.Thread(target=read, args=(each,)) for each in readers]
    for each in threads:
        each.start()
    for n in range(1, 300):
        truth[0] = n
        writer.publish("shop", ["t"])
        told[0] = n
    over.set()
    for each in threads:
        each.join()
    assert wrong == []
    assert sum(each.statistics().all.lookups for each in readers) > 0
