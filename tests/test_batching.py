"""The runner: each row has one outcome, whatever fails; limits hold; the job can be stopped and taken up again."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batching_helpers import MemoryLedger, inserted, writing
from tablemend.batching import Adaptive, Attempt, Batch, Done, Report, run
from tablemend.errors import (
    AccessDenied,
    Cancelled,
    SettingsError,
    StateError,
    Stopped,
    Timeout,
    Transient,
    WrongOutcome,
)
from tablemend.telemetry import Telemetry

QUICK: dict[str, Any] = {"wait": 0.0, "wait_most": 0.0}


def finished(rows: int, ledger: MemoryLedger, work: Any, runs: int = 200, **options: Any) -> Report:
    """Run a job until nothing is left of it."""
    for _ in range(runs):
        try:
            report = run(range(rows), work, ledger=ledger, job="j", **QUICK, **options)
        except Stopped as stopped:
            report = stopped.report
        if report.status in ("completed", "partial") and not report.left:
            return report
    raise AssertionError(f"not finished after {runs} runs: {report}")


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(0, 400),
    size=st.one_of(st.integers(1, 90), st.just(Adaptive(seconds=0.001, first=20, least=1, most=64))),
    workers=st.integers(1, 6),
    seed=st.integers(0, 2**32),
    lost=st.sampled_from([0.0, 0.1, 0.4]),
    busy=st.sampled_from([0.0, 0.1, 0.4]),
    retries=st.integers(0, 4),
    data=st.data(),
)
def test_every_row_has_one_outcome_and_is_written_once_whatever_fails(
    rows: int, size: Any, workers: int, seed: int, lost: float, busy: float, retries: int, data: st.DataObject
) -> None:
    some = st.sets(st.integers(0, max(rows - 1, 0)), max_size=12)
    poison, skipped, declined = (data.draw(some) & set(range(rows)) for _ in range(3))
    skipped, declined = skipped - poison, declined - poison - skipped
    ledger = MemoryLedger(seed=seed, lost=lost, busy=busy)

    report = finished(rows, ledger, writing(poison, skipped, declined), size=size, workers=workers, retries=retries)

    assert sorted(ledger.rows) == sorted(set(range(rows)) - poison - skipped - declined)
    assert sorted(each.position for each in ledger.rejections) == sorted(poison | declined)
    assert (report.total, report.rejected, report.skipped) == (rows, len(poison | declined), len(skipped))
    assert report.inserted == len(ledger.rows)
    assert sum(each.rows for each in ledger.settled.values()) == rows
    assert ledger.ended == report.status == ("partial" if poison | declined else "completed")


def test_the_rows_at_fault_are_found_and_their_reasons_kept() -> None:
    report = run(range(10_000), writing({17, 5_000, 9_999}), ledger=MemoryLedger(), job="j")
    found = sorted((each.position, each.row, each.reason) for each in report.rejections)
    assert found == [(n, n, f"ValueError: {n} is poison") for n in (17, 5_000, 9_999)]
    assert (report.inserted, report.rejected, report.status) == (9_997, 3, "partial")
    assert report.bisections <= 3 * 10


def test_a_batch_that_is_all_poison_is_rejected_row_by_row() -> None:
    report = run(range(64), writing(set(range(64))), ledger=MemoryLedger(), job="j", size=64)
    assert (report.rejected, report.inserted, report.left) == (64, 0, 0)


def test_what_may_pass_is_tried_again_and_what_does_not_pass_is_left_for_the_next_run() -> None:
    failing = {"on": True}

    def work(batch: Batch, attempt: Attempt) -> Done:
        if failing["on"] and 5 in batch.rows:
            raise Transient("busy")
        return Done(inserted=len(batch))

    ledger = MemoryLedger()
    first = run(range(100), work, ledger=ledger, job="j", size=10, retries=3, **QUICK)
    assert (first.inserted, first.left, first.retries, first.status) == (90, 10, 3, "partial")
    assert first.errors == {"Transient": 4}
    assert (first.unfinished[0].first, first.unfinished[0].rows) == (0, 10)
    assert "busy (after 4 attempts)" in first.unfinished[0].reason
    failing["on"] = False
    second = run(range(100), work, ledger=ledger, job="j", size=10)
    assert (second.inserted, second.resumed, second.left, second.batches) == (100, 90, 0, 1)
    assert second.status == "completed"


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (None, "returned None for 4 rows"),
        (4, "returned 4 for 4 rows"),
        (Done(inserted=5), "5 outcomes for 4 rows"),
        (Done(inserted=3), "3 outcomes for 4 rows"),
        (Done(inserted=-1, updated=5), "-1 rows inserted"),
        (Done(inserted=3, rejected={4: "outside"}), "row 4 as rejected"),
        (Done(inserted="4"), "'4' rows inserted"),  # type: ignore[arg-type]
    ],
)
def test_a_function_that_reports_what_cannot_be_keeps_nothing(returned: Any, said: str) -> None:
    def work(batch: Batch, attempt: Attempt) -> Any:
        attempt.transaction.rows += batch.rows
        return returned

    ledger = MemoryLedger()
    report = run(range(4), work, ledger=ledger, job="j", size=4)
    assert (report.left, report.inserted, ledger.rows, ledger.settled) == (4, 0, [], {})
    assert report.errors == {WrongOutcome.__name__: 1}
    assert said in report.unfinished[0].reason


def test_a_batch_that_hangs_is_given_up_and_its_late_end_changes_nothing() -> None:
    released = threading.Event()
    ended = threading.Event()

    def work(batch: Batch, attempt: Attempt) -> Done:
        if 7 in batch.rows and attempt.number == 1 and not ended.is_set():
            released.wait(60)
            ended.set()
        attempt.transaction.rows += batch.rows
        return Done(inserted=len(batch))

    ledger = MemoryLedger()
    try:
        report = run(range(40), work, ledger=ledger, job="j", size=10, timeout=0.1, **QUICK)
    finally:
        released.set()
    assert ended.wait(60)
    assert report.timeouts == 1
    assert (report.inserted, report.status, sorted(ledger.rows)) == (40, "completed", list(range(40)))


def test_a_row_that_makes_a_batch_too_slow_is_found() -> None:
    def work(batch: Batch, attempt: Attempt) -> Done:
        stopped = threading.Event()
        with attempt.cancelling(stopped.set):
            if 7 in batch.rows:
                stopped.wait(60)
                attempt.check()
        return Done(inserted=len(batch))

    report = run(range(20), work, ledger=MemoryLedger(), job="j", size=10, timeout=0.05, stop_after=100, **QUICK)
    assert (report.inserted, report.rejected) == (19, 1)
    assert report.rejections[0].position == 7
    assert "took longer than 0.05 s" in report.rejections[0].reason
    assert report.errors == {Timeout.__name__: report.timeouts}


def test_too_many_hanging_threads_stop_the_job() -> None:
    released = threading.Event()

    def work(batch: Batch, attempt: Attempt) -> Done:
        released.wait(60)
        return Done(inserted=len(batch))

    try:
        with pytest.raises(Stopped, match="hang in threads, which cannot be killed") as raised:
            run(range(100), work, size=1, workers=2, timeout=0.01, stop_after=None, **QUICK)
    finally:
        released.set()
    report = raised.value.report
    assert report.left == report.total
    assert report.status == "stopped"


def test_the_source_is_read_only_as_fast_as_the_rows_are_worked_on() -> None:
    read = 0
    most = 0
    done = 0

    def source() -> Iterator[int]:
        nonlocal read, most
        for row in range(10_000):
            read += 1
            most = max(most, read - done)
            yield row

    def told(report: Report) -> None:
        nonlocal done
        done = report.inserted

    report = run(source(), inserted, size=10, workers=3, progress=told)
    assert report.inserted == 10_000
    assert most <= 10 * (2 * 3 + 1)


def test_a_source_that_fails_ends_the_job_with_everything_settled_that_was_read() -> None:
    def source() -> Iterator[int]:
        yield from range(25)
        raise OSError("the disk is gone")

    ledger = MemoryLedger()
    with pytest.raises(Stopped, match="the source failed after 25 rows: OSError: the disk is gone") as raised:
        run(source(), writing(set()), ledger=ledger, job="j", size=10)
    assert isinstance(raised.value.__cause__, OSError)
    assert raised.value.report.inserted == 25 == len(ledger.rows)
    assert ledger.ended == "stopped"


def test_failures_that_no_row_is_at_fault_for_stop_the_job() -> None:
    def work(batch: Batch, attempt: Attempt) -> Done:
        raise AccessDenied("no right to write")

    with pytest.raises(Stopped, match="3 batches in a row failed, and no row of them is at fault") as raised:
        run(range(10_000), work, size=10, workers=1, stop_after=3)
    report = raised.value.report
    assert (report.rejected, report.left) == (0, report.total)
    assert report.total < 10_000


def test_too_many_rejected_rows_stop_the_job() -> None:
    ledger = MemoryLedger()
    with pytest.raises(Stopped, match="rows were rejected, more than the 5") as raised:
        run(range(10_000), writing(set(range(10_000))), ledger=ledger, job="j", size=10, max_rejected=5)
    report = raised.value.report
    assert 5 < report.rejected == len(ledger.rejections) < 100


def test_a_function_that_changes_its_rows_changes_no_position() -> None:
    def work(batch: Batch, attempt: Attempt) -> Done:
        rows = list(batch.rows)
        rows.append(1)
        assert isinstance(batch.rows, tuple)
        raise ValueError("always")

    assert run(range(3), work).rejected == 3


class Untold(Exception):
    """An error that cannot be told."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_an_error_that_cannot_be_told_is_still_a_reason() -> None:
    def work(batch: Batch, attempt: Attempt) -> Done:
        raise Untold

    (kept,) = run([1], work).rejections
    assert kept.reason == "Untold: it cannot be told (RuntimeError)"


@pytest.mark.parametrize(("work", "options"), [(None, {}), (lambda batch, attempt: None, {"executor": "processes"})])
def test_what_cannot_be_a_batch_function_is_refused_before_anything_is_read(work: Any, options: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="the batch function cannot"):
        run(iter([]), work, **options)


def test_a_job_that_no_row_gets_through_stops() -> None:
    with pytest.raises(Stopped, match="rows were rejected, and none got in") as raised:
        run(range(100_000), writing(set(range(100_000))), ledger=MemoryLedger(), job="j", size=10)
    assert 1_000 < raised.value.report.rejected < 2_000
    report = run(range(2_000), writing(set(range(2_000))), ledger=MemoryLedger(), job="j", max_rejected=5_000)
    assert report.rejected == 2_000


def test_cancelling_lets_running_batches_end_and_keeps_what_they_did() -> None:
    cancel = threading.Event()

    def work(batch: Batch, attempt: Attempt) -> Done:
        if batch.first >= 50:
            cancel.set()
        attempt.transaction.rows += batch.rows
        return Done(inserted=len(batch))

    ledger = MemoryLedger()
    with pytest.raises(Cancelled) as raised:
        run(iter(int, 1), work, ledger=ledger, job="j", size=10, cancel=cancel)
    report = raised.value.report
    assert report.status == ledger.ended == "cancelled"
    assert report.inserted == len(ledger.rows) > 0


def test_ctrl_c_ends_the_job_in_order() -> None:
    before = signal.getsignal(signal.SIGINT)

    def work(batch: Batch, attempt: Attempt) -> Done:
        if batch.first == 50:
            os.kill(os.getpid(), signal.SIGINT)
        attempt.transaction.rows += batch.rows
        return Done(inserted=len(batch))

    ledger = MemoryLedger()
    with pytest.raises(Cancelled, match="interrupted") as raised:
        run(iter(int, 1), work, ledger=ledger, job="j", size=10)
    report = raised.value.report
    assert report.inserted == len(ledger.rows) > 0
    assert report.inserted + report.left == report.total
    assert signal.getsignal(signal.SIGINT) == before


def test_ctrl_c_breaks_off_a_source_that_hangs() -> None:
    def source() -> Iterator[int]:
        yield from range(10)
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait(60)
        yield 10

    with pytest.raises(Cancelled, match="interrupted") as raised:
        run(source(), inserted, size=10)
    report = raised.value.report
    assert report.inserted + report.left == report.total == 10


def test_ctrl_c_cancels_batches_that_do_not_end_in_time() -> None:
    def work(batch: Batch, attempt: Attempt) -> Done:
        stopped = threading.Event()
        with attempt.cancelling(stopped.set):
            os.kill(os.getpid(), signal.SIGINT)
            stopped.wait(60)
            attempt.check()
        return Done(inserted=len(batch))

    with pytest.raises(Cancelled) as raised:
        run(range(10), work, size=10, workers=1, grace=0.05)
    report = raised.value.report
    assert (report.inserted, report.left) == (0, 10)
    assert "was cancelled" in report.unfinished[0].reason


def test_a_progress_function_that_raises_ends_the_job_in_order() -> None:
    def told(report: Report) -> None:
        raise RuntimeError("the screen is gone")

    ledger = MemoryLedger()
    with pytest.raises(RuntimeError, match="the screen is gone"):
        run(range(1_000), writing(set()), ledger=ledger, job="j", size=10, progress=told)
    assert ledger.ended == "stopped"
    assert len(ledger.rows) == sum(each.rows for each in ledger.settled.values())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"size": 0}, "size cannot be 0"),
        ({"size": 10_000_001}, "size cannot be 10000001"),
        ({"size": "many"}, "size cannot be 'many'"),
        ({"workers": 0}, "workers cannot be 0"),
        ({"workers": 1.5}, "workers cannot be 1.5"),
        ({"workers": 257}, "workers cannot be 257"),
        ({"timeout": 0}, "timeout cannot be 0"),
        ({"retries": -1}, "retries cannot be -1"),
        ({"retries": 101}, "retries cannot be 101"),
        ({"stop_after": 0}, "stop_after cannot be 0"),
        ({"max_rejected": -1}, "max_rejected cannot be -1"),
        ({"grace": -1}, "grace cannot be -1"),
        ({"executor": "fibres"}, "executor cannot be 'fibres'"),
    ],
)
def test_an_option_out_of_range_is_named_with_its_limits(options: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said) as raised:
        run(range(3), inserted, **options)
    assert raised.value.hint


@pytest.mark.parametrize("bad", [{"seconds": 0}, {"least": 0}, {"first": 5, "least": 10}, {"most": 10}])
def test_adaptive_sizes_out_of_range_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        Adaptive(**bad)


def test_an_adaptive_size_follows_the_latency() -> None:
    sizes: list[int] = []

    def work(batch: Batch, attempt: Attempt) -> Done:
        sizes.append(len(batch))
        return Done(inserted=len(batch))

    run(range(200_000), work, size=Adaptive(first=100, most=5_000), workers=1)
    assert sizes[0] == 100
    assert max(sizes) == 5_000


@settings(max_examples=50, deadline=None)
@given(chunks=st.lists(st.integers(0, 40), max_size=12), size=st.integers(1, 50))
def test_arrow_data_is_cut_and_joined_into_batches_in_order(chunks: list[int], size: int) -> None:
    whole = pa.table({"n": pa.array(range(sum(chunks)), pa.int64())})
    starts = [sum(chunks[:place]) for place in range(len(chunks))]
    parts = [whole.slice(start, rows) for start, rows in zip(starts, chunks, strict=True)]
    seen: list[pa.Table] = []

    def work(batch: Batch, attempt: Attempt) -> Done:
        assert batch.rows["n"].to_pylist()[:1] == [batch.first]
        seen.append(batch.rows)
        return Done(inserted=len(batch))

    run(parts, work, size=size, workers=1)
    assert [len(each) for each in seen[:-1]] == [size] * (len(seen) - 1)
    assert not seen or pa.concat_tables(seen).equals(whole)


@pytest.mark.parametrize("form", ["table", "reader", "batches", "capsule"])
def test_arrow_data_of_every_form_is_a_source(form: str) -> None:
    table = pa.table({"n": [1, 2, 3]})
    forms = {"table": table, "reader": table.to_reader(), "batches": table.to_batches(), "capsule": _Capsule(table)}
    assert run(forms[form], inserted, size=2).inserted == 3


class _Capsule:
    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._table.__arrow_c_stream__(requested_schema)


def test_the_rejected_rows_of_arrow_data_are_shown_by_column() -> None:
    def work(batch: Batch, attempt: Attempt) -> Done:
        return Done(inserted=len(batch) - 1, rejected={1: "not wanted"})

    report = run(pa.table({"n": [1, 2], "t": ["a", "b"]}), work)
    assert [(each.position, each.row) for each in report.rejections] == [(1, {"n": 2, "t": "b"})]


def test_a_shorter_source_is_no_source_of_the_same_job() -> None:
    ledger = MemoryLedger()
    run(range(30), writing(set()), ledger=ledger, job="j", size=10)
    with pytest.raises(Stopped, match="the source ends at row 25"):
        run(range(25), writing(set()), ledger=ledger, job="j", size=10)


def test_a_report_whose_outcomes_do_not_add_up_cannot_be_made() -> None:
    with pytest.raises(StateError, match="3 rows were read, but the outcomes add up to 2"):
        Report(status="completed", total=3, inserted=2)


def test_a_job_is_measured() -> None:
    telemetry = Telemetry()
    run(range(100), writing({3}), ledger=MemoryLedger(), job="j", size=50, telemetry=telemetry)
    found = telemetry.report()
    assert found["batches.rows"].sum == 100
    assert found["batches.done"].sum + found["batches.failed_attempts"].sum == found["batches.attempt"].count


def test_nothing_to_do_is_no_work() -> None:
    report = run([], inserted)
    assert (report.total, report.batches, report.status) == (0, 0, "completed")


def test_the_key_of_a_batch_is_the_same_in_every_attempt() -> None:
    keys: list[str] = []

    def work(batch: Batch, attempt: Attempt) -> Done:
        keys.append(batch.key)
        if attempt.number == 1:
            raise Transient("busy")
        return Done(inserted=len(batch))

    run(range(5), work, job="j", **QUICK)
    assert keys == ["j:0+5", "j:0+5"]


def test_a_row_held_up_by_another_that_hangs_is_not_rejected() -> None:
    """Row 3 holds what row 4 needs, as a writer holds the only lock of an embedded database, until it is stopped."""
    lock = threading.Lock()
    held = threading.Event()

    def work(batch: Batch, attempt: Attempt) -> Done:
        stopped = threading.Event()
        with attempt.cancelling(stopped.set):
            if 3 in batch.rows:
                with lock:
                    held.set()
                    stopped.wait(60)
                    attempt.check()
            if 4 in batch.rows:
                held.wait(60)
                while not lock.acquire(timeout=0.01):
                    attempt.check()
                lock.release()
        return Done(inserted=len(batch))

    report = run([3, 4], work, ledger=MemoryLedger(), job="j", size=1, timeout=0.2, workers=2, stop_after=None, **QUICK)
    assert [each.position for each in report.rejections] == [0]
    assert report.inserted == 1
