"""Counters, gauges and timings: bounded in memory, exact in their totals."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablemend.errors import StateError
from tablemend.telemetry import NAMES, Memory, Telemetry, Timings, summarise

numbers = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=200)


def test_a_million_entries_stay_within_the_limit_and_lose_no_total() -> None:
    telemetry = Telemetry(limit=1_000)
    tracemalloc.start()
    for n in range(2_000):
        telemetry.timing("step", n)
    before, _ = tracemalloc.get_traced_memory()
    for n in range(2_000, 100_000):
        telemetry.timing("step", n)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 20_000
    for n in range(100_000, 1_000_000):
        telemetry.timing("step", n)
    found = telemetry.report()["step"]
    assert (found.count, found.kept, telemetry.dropped) == (1_000_000, 1_000, 999_000)
    assert (found.sum, found.min, found.max, found.last) == (sum(range(1_000_000)), 0, 999_999, 999_999)


def test_the_oldest_entry_goes_first() -> None:
    telemetry = Telemetry(limit=3)
    for n in range(5):
        telemetry.gauge("level", n)
    telemetry.count("other")
    report = telemetry.report()
    assert (report["level"].count, report["level"].kept, report["level"].p50) == (5, 2, 3.5)
    assert [(each.name, each.value) for each in telemetry.drain()] == [("level", 3), ("level", 4), ("other", 1)]


def test_a_name_whose_entries_have_all_gone_keeps_its_totals_and_has_no_percentile() -> None:
    telemetry = Telemetry(limit=1)
    telemetry.count("old", 7)
    telemetry.count("new")
    found = telemetry.report()["old"]
    assert (found.count, found.sum, found.kept, found.p50, found.p95, found.p99) == (1, 7, 0, None, None, None)


def test_threads_lose_nothing() -> None:
    telemetry = Telemetry(limit=100, parent=Telemetry(limit=10))

    def work(thread: int) -> None:
        for n in range(5_000):
            telemetry.count("rows", n)
            telemetry.timing(f"thread {thread}", n)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    for each in (telemetry, telemetry.parent):
        assert each is not None
        rows = each.report()["rows"]
        assert (rows.count, rows.sum) == (40_000, 8 * sum(range(5_000)))
        assert each.dropped == 80_000 - each.limit == 80_000 - sum(s.kept for s in each.report().values())


@given(numbers)
def test_percentiles_are_those_of_numpy(values: list[float]) -> None:
    telemetry = Telemetry()
    for value in values:
        telemetry.gauge("x", value)
    found = telemetry.report()["x"]
    expected = np.percentile(values, [50, 95, 99])
    assert np.allclose([found.p50, found.p95, found.p99], expected, rtol=1e-9, atol=1e-6)
    assert found.mean == pytest.approx(float(np.mean(values)), rel=1e-9, abs=1e-6)


@given(numbers, st.integers(1, 50))
def test_count_is_what_is_kept_and_what_was_dropped(values: list[float], limit: int) -> None:
    telemetry = Telemetry(limit)
    for n, value in enumerate(values):
        telemetry.gauge(f"g{n % 3 if limit > 2 else 0}", value)
    report = telemetry.report()
    assert sum(each.count for each in report.values()) == len(values)
    assert sum(each.kept for each in report.values()) + telemetry.dropped == len(values)


@given(numbers)
def test_metrics_read_back_give_the_same_report(values: list[float]) -> None:
    telemetry = Telemetry()
    for value in values:
        telemetry.gauge("g", value)
        telemetry.count("c", abs(value))
    report = telemetry.report()
    assert summarise(list(telemetry.drain())) == report
    assert telemetry.report() == {}


def test_a_step_that_raises_is_timed_counted_and_goes_on_raising() -> None:
    telemetry = Telemetry()
    with pytest.raises(ZeroDivisionError), telemetry.track("step"):
        1 / 0  # noqa: B018
    with telemetry.track("step"):
        pass
    report = telemetry.report()
    assert (report["step"].count, report["step.failed"].sum) == (2, 1)
    assert "step.failed" not in [name for name in report if report[name].kind == "timing"]


def test_what_cannot_be_measured_is_refused_and_leaves_nothing() -> None:
    telemetry = Telemetry()
    with pytest.raises(StateError, match="cannot go down"):
        telemetry.count("n", -1)
    with pytest.raises(StateError, match="-1 seconds"):
        telemetry.timing("t", -1)
    for value in (float("nan"), float("inf")):
        with pytest.raises(StateError, match="cannot be"):
            telemetry.gauge("g", value)
    assert telemetry.report() == {}
    telemetry.count("n")
    with pytest.raises(StateError, match="n is a counter, not a gauge"):
        telemetry.gauge("n", 1)
    for name in ("run", "memory_mb", "stage.read"):
        with pytest.raises(StateError, match=f"{name} is a (timing|gauge), not a counter"):
            telemetry.count(name)
    assert telemetry.report()["n"].count == 1


@pytest.mark.parametrize("name", ["level", "level.failed", "memory_mb"])
def test_a_block_whose_time_could_not_be_noted_does_not_run(name: str) -> None:
    workspace = Telemetry()
    workspace.gauge(name, 1)
    ran = False
    with (
        pytest.raises(StateError, match=f"{name} is a gauge"),
        Telemetry(parent=workspace).track(name.removesuffix(".failed")),
    ):
        ran = True
    assert not ran


def test_a_name_for_every_single_thing_is_refused() -> None:
    telemetry = Telemetry(limit=1)
    for n in range(NAMES):
        telemetry.count(f"row {n}")
    with pytest.raises(StateError, match="10,000 names of figures already, and row 10000 is one more"):
        telemetry.count(f"row {NAMES}")


def test_stages_feed_telemetry_and_memory() -> None:
    telemetry = Telemetry()
    telemetry.memory = Memory(telemetry)
    timings = Timings(telemetry=telemetry)
    with timings.stage("read"), timings.stage("parse"):
        held = bytearray(b"x" * 40 * 2**20)
    del held
    with pytest.raises(KeyError), timings.stage("read"):
        raise KeyError
    telemetry.memory.close()
    report = telemetry.report()
    assert report["stage.read"].count == 2
    assert report["stage.read.failed"].sum == 1
    assert report["stage.parse"].sum <= timings.seconds["read"]
    assert report["memory_mb"].count == 4
    assert report["memory_peak_mb"].last >= report["memory_mb"].max > report["memory_mb"].min > 0
