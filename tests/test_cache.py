"""The cache in this process: never stale after a write, within its limits, figures that add up, one query for all."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tablemend.caching import CacheLimits, QueryCache
from tablemend.caching.circuit import LONGEST, Circuit
from tablemend.caching.flight import SingleFlight
from tablemend.caching.key import digest, parameters
from tablemend.caching.memory import OVERHEAD
from tablemend.errors import DatabaseError, Timeout

TABLES = ("a", "b", "c")


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def rows(value: Any) -> pa.Table:
    return pa.table({"n": [value]})


def ask(cache: QueryCache, tables: tuple[str, ...], value: Any, **options: Any) -> Any:
    """The result of a query of some tables, which the database would answer with `value`."""
    return cache.fetch(cache.capture("shop", tables), ("who", " ".join(tables), ""), lambda: rows(value), **options)


def value(found: Any) -> Any:
    return found.table["n"][0].as_py()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.sets(st.sampled_from(TABLES), min_size=1), st.sampled_from([None, 1.0, 20.0])),
        st.tuples(st.just("write"), st.sets(st.sampled_from((*TABLES, "*")), min_size=1), st.booleans()),
        st.tuples(st.just("wait"), st.floats(0, 30), st.none()),
        st.tuples(st.just("remove"), st.sampled_from(TABLES), st.none()),
        st.tuples(st.just("clear"), st.none(), st.none()),
    ),
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(STEPS, st.integers(1, 4), st.integers(1, 6))
def test_no_result_is_older_than_a_write_or_than_its_ttl(steps: list[Any], entries: int, room: int) -> None:
    clock = Clock()
    size = room * (OVERHEAD + 8)
    cache = QueryCache(CacheLimits(entries=entries, size=size, ttl=10.0), clock=clock)
    written = dict.fromkeys(TABLES, 0)  # the model: how often each table was written to
    lookups = 0
    for number, (kind, what, more) in enumerate(steps):
        if kind == "read":
            tables = tuple(sorted(what))
            truth = ",".join(f"{each}{written[each]}" for each in tables)
            found = ask(cache, tables, f"{truth}@{clock.now}", ttl=more)
            seen, moment = value(found).split("@")
            lookups += 1
            assert seen == truth, f"step {number} gave what was there before a write"
            assert found.age == clock.now - float(moment) <= (10.0 if more is None else more)
        elif kind == "write":
            for each in TABLES if "*" in what or more else what:
                written[each] += 1
            cache.publish("shop", what, schema=more)
        elif kind == "wait":
            clock.now += what
        elif kind == "remove":
            cache.remove(table=what)
        else:
            cache.clear()
        found = cache.statistics()
        assert found.entries <= entries
        assert found.bytes <= size
        assert found.all.lookups == lookups == found.all.hits_process + found.all.misses
        gone = found.all.evictions + found.all.expirations + found.all.invalidations + found.all.too_large
        assert found.entries == found.all.misses - gone


def test_a_result_without_rows_is_kept() -> None:
    cache = QueryCache()
    empty = rows(1).slice(0, 0)
    for expected in (None, "process"):
        found = cache.fetch(cache.capture("shop", ("a",)), ("who", "q", ""), lambda: empty)
        assert (found.cached, found.table.num_rows) == (expected, 0)


def test_an_error_is_handed_on_and_never_kept() -> None:
    cache = QueryCache()
    captured = cache.capture("shop", ("a",))

    def fail() -> pa.Table:
        raise DatabaseError("no")

    for _ in range(2):
        with pytest.raises(DatabaseError, match="no"):
            cache.fetch(captured, ("who", "q", ""), fail)
    assert ask(cache, ("a",), 1).cached is None
    counts = cache.statistics().all
    assert (counts.lookups, counts.misses, counts.failures) == (3, 3, 2)


def test_a_result_larger_than_the_cache_is_passed_through_and_counted() -> None:
    cache = QueryCache(CacheLimits(size=2_000))
    for _ in range(2):
        found = cache.fetch(cache.capture("shop", ("a",)), ("who", "q", ""), lambda: pa.table({"n": range(1_000)}))
        assert (found.cached, found.table.num_rows) == (None, 1_000)
    assert (cache.statistics().all.too_large, cache.statistics().entries) == (2, 0)


def test_what_was_used_least_recently_goes_first() -> None:
    cache = QueryCache(CacheLimits(entries=2))
    ask(cache, ("a",), 1)
    ask(cache, ("b",), 2)
    ask(cache, ("a",), 3)
    ask(cache, ("c",), 4)
    assert [ask(cache, (each,), 5).cached for each in "ab"] == ["process", None]
    assert cache.statistics().tables["b"]["all"].evictions == 1


def test_a_write_during_a_query_makes_its_result_invalid() -> None:
    cache = QueryCache()
    captured = cache.capture("shop", ("a",))

    def overtaken() -> pa.Table:
        cache.publish("shop", ["a"])
        return rows("old")

    assert value(cache.fetch(captured, ("who", "a", ""), overtaken)) == "old"
    assert value(ask(cache, ("a",), "new")) == "new"


def test_a_removal_by_hand_during_a_query_keeps_its_result_out() -> None:
    cache = QueryCache()

    def overtaken() -> pa.Table:
        cache.remove(pattern="*")
        return rows("old")

    cache.fetch(cache.capture("shop", ("a",)), ("who", "a", ""), overtaken)
    assert value(ask(cache, ("a",), "new")) == "new"


def test_results_are_removed_by_key_table_and_pattern() -> None:
    cache = QueryCache()
    key = ask(cache, ("a",), 1).key
    ask(cache, ("a", "b"), 1)
    ask(cache, ("c",), 1)
    assert cache.remove(key=key) == 1
    assert cache.remove(table="B") == 1
    assert cache.remove(pattern="[ab]*") == 0
    assert cache.remove(pattern="c*") == 1
    assert cache.statistics().all.invalidations == 3
    assert cache.statistics().held == {}


def test_the_last_minute_and_hour_are_counted_apart() -> None:
    clock = Clock()
    cache = QueryCache(clock=clock)
    ask(cache, ("a",), 1)
    clock.now += 61
    ask(cache, ("a",), 1, ttl=1_000)
    found = cache.statistics()
    assert (found.all.lookups, found.minute.lookups, found.hour.lookups) == (2, 1, 2)
    assert found.tables["a"]["minute"].lookups == 1
    clock.now += 3_700
    assert (cache.statistics().all.lookups, cache.statistics().hour.lookups) == (2, 0)


def test_64_threads_on_a_cold_key_send_one_query() -> None:
    cache = QueryCache()
    started, calls = threading.Barrier(64), []

    def slow() -> pa.Table:
        calls.append(1)
        while not somebody_waits(cache):
            time.sleep(0)
        return rows(1)

    def one(_: int) -> Any:
        started.wait()
        return cache.fetch(cache.capture("shop", ("a",)), ("who", "a", ""), slow)

    with ThreadPoolExecutor(64) as threads:
        found = list(threads.map(one, range(64)))
    assert len(calls) == 1
    assert [each.cached for each in found].count(None) == 1
    counts = cache.statistics().all
    assert (counts.lookups, counts.misses, counts.hits_process) == (64, 1, 63)


def somebody_waits(cache: QueryCache) -> bool:
    """Whether anybody waits for the query under way."""
    return any(each.done._cond._waiters for each in list(cache._flights._flights.values()))  # type: ignore[attr-defined]


def together(flight: SingleFlight[int], first: Any, others: int, then: Any, **options: Any) -> list[Any]:
    """What a leader and those who wait for it get; the leader's work begins to end when all of them wait."""
    waiting = threading.Semaphore(0)
    begun = threading.Event()

    def lead() -> int:
        begun.set()
        for _ in range(others):
            waiting.acquire()
        while len(flight._flights["k"].done._cond._waiters) < others:  # type: ignore[attr-defined]
            time.sleep(0)
        return int(first())

    def follow() -> Any:
        begun.wait()
        waiting.release()
        return flight.run("k", then, **options)

    def caught(work: Any) -> Any:
        try:
            return work()
        except BaseException as problem:  # noqa: BLE001 - to be looked at
            return problem

    with ThreadPoolExecutor(others + 1) as threads:
        leader = threads.submit(caught, lambda: flight.run("k", lead))
        rest = [threads.submit(caught, follow) for _ in range(others)]
        return [each.result() for each in (leader, *rest)]


def raiser(problem: BaseException) -> Any:
    def work() -> int:
        raise problem

    return work


def test_an_error_of_the_first_goes_to_all_who_waited() -> None:
    problem = DatabaseError("no")
    assert together(SingleFlight(), raiser(problem), 5, lambda: 1) == [problem] * 6


@pytest.mark.parametrize("problem", [KeyboardInterrupt(), Timeout("its own")])
def test_where_the_first_is_cancelled_the_next_one_tries(problem: BaseException) -> None:
    calls: list[int] = []

    def then() -> int:
        calls.append(1)
        return 7

    first, *others = together(SingleFlight(), raiser(problem), 5, then)
    assert first is problem
    assert {each[0] for each in others} == {7}
    assert [each[1] for each in others].count(False) == len(calls) >= 1


def test_who_waits_does_so_no_longer_than_its_own_timeout() -> None:
    flight: SingleFlight[int] = SingleFlight()
    begun, over = threading.Event(), threading.Event()

    def lead() -> int:
        begun.set()
        over.wait()
        return 1

    with ThreadPoolExecutor(1) as threads:
        leader = threads.submit(flight.run, "k", lead)
        begun.wait()
        with pytest.raises(Timeout, match=r"waited 0\.01 s"):
            flight.run("k", lambda: 2, timeout=0.01)
        over.set()
        assert leader.result() == (1, False)


VALUES = [1, 1.0, "1", True, Decimal("1"), Decimal("1.0"), None, b"1", "None", [1], (1,), ["1"], {"a": 1}, {"a": "1"}]


def test_parameters_of_different_types_are_different() -> None:
    assert len({parameters({"p": each}) for each in VALUES}) == len(VALUES)
    assert parameters({"a": 1, "b": 2}) == parameters({"b": 2, "a": 1})
    assert parameters({"a": 1}) != parameters({"b": 1})


def test_a_parameter_without_a_lasting_spelling_is_refused() -> None:
    class Opaque:
        pass

    with pytest.raises(TypeError, match="Opaque"):
        parameters({"p": Opaque()})


@given(st.lists(st.text()), st.lists(st.text()))
def test_a_key_tells_any_two_lists_of_texts_apart(one: list[str], other: list[str]) -> None:
    assert (digest(one) == digest(other)) == (one == other)


def test_pauses_grow_up_to_the_longest_and_begin_anew() -> None:
    clock = Clock()
    circuit = Circuit(clock=clock)
    pauses = []
    for _ in range(10):
        circuit.failed()
        pauses.append(circuit.pause)
        clock.now += circuit.pause
        assert circuit.may_try()
        assert not circuit.may_try()
    assert pauses[:3] == [0.5, 1.0, 2.0]
    assert max(pauses) == pauses[-1] == LONGEST
    circuit.closed()
    assert (circuit.open, circuit.pause) == (False, 0)
