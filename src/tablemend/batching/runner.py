"""The runner: reads batches from a source, hands them to workers, and decides what a failure means."""

from __future__ import annotations

import heapq
import itertools
import pickle
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from queue import Empty
from typing import TYPE_CHECKING, Any

from msgspec import structs
from tenacity import RetryCallState, Retrying
from tenacity.wait import wait_random_exponential

from tablemend.batching import failures
from tablemend.batching.batch import Batch
from tablemend.batching.interrupt import interruptible
from tablemend.batching.ledger import Ledger
from tablemend.batching.options import Options
from tablemend.batching.outcome import Report
from tablemend.batching.sizing import Sizing
from tablemend.batching.source import Unsettled
from tablemend.batching.tally import Tally
from tablemend.batching.watch import GRACE
from tablemend.batching.workers import Ended, Task, Workers
from tablemend.batching.working import Work, Working
from tablemend.errors import Cancelled, SettingsError, Stopped

if TYPE_CHECKING:
    from tablemend.telemetry import Telemetry

POLL = 0.1
"""Seconds between two looks at what stops a job: a signal that comes just before a wait does not end the wait."""

HOPELESS = 1_000
"""Rejected rows after which a job stops that no row has got through: the fault is hardly theirs."""

SLOW_TRIES = 2
"""Attempts at a whole batch that runs out of time, before it is bisected: the first may have met a busy moment."""


def run(
    source: Iterable[Any],
    work: Work,
    *,
    job: str = "",
    ledger: Ledger | None = None,
    progress: Callable[[Report], None] | None = None,
    cancel: threading.Event | None = None,
    telemetry: Telemetry | None = None,
    classify: Callable[[BaseException], failures.Kind] = failures.kind,
    **options: Any,
) -> Report:
    """Put every row of a source through a batch function, each with one outcome, and say what became of them.

    The source is read as the workers need it: rows of any kind, Arrow tables or batches, or a reader of them. With a
    ledger, each batch runs in a transaction that also holds its outcomes, so that a job that is run again goes on
    where it ended, repeats no committed row and loses none; without one, a batch whose attempt was killed may run
    twice, under the same `Batch.key`.

    `classify` says what an error means; `options` are those of Options. `progress` is told after each batch, in the
    calling thread. Raises SettingsError for options out of range, Stopped (with `report`) where the source fails, or
    too much fails in a row, or too many rows are rejected, and Cancelled (with `report`) after Ctrl-C or `cancel`.
    """
    opened = Options(**options)
    _require_work(work, opened)
    runner = _Runner(source, work, job, ledger, opened, classify)
    return runner.run(progress or _untold, cancel, telemetry)


def _require_work(work: Any, options: Options) -> None:
    """Raise SettingsError for what cannot be called, or cannot go to a process."""
    if not callable(work):
        raise SettingsError(f"the batch function cannot be {work!r}", hint="Hand over a function of batch and attempt.")
    if options.executor == "processes":
        try:
            pickle.dumps(work)
        except Exception as problem:
            raise SettingsError(
                f"the batch function cannot go to a process: {failures.reason(problem)}",
                hint="Use a function of a module, not one inside another function or a lambda.",
            ) from problem


def _untold(report: Report) -> None:
    del report


class _Runner:
    """One run of a job. Only the calling thread touches its state; workers meet it in two queues."""

    def __init__(
        self,
        source: Iterable[Any],
        work: Work,
        job: str,
        ledger: Ledger | None,
        options: Options,
        classify: Callable[[BaseException], failures.Kind],
    ) -> None:
        self._job, self._ledger, self._options, self._classify = job, ledger, options, classify
        self._rows = Unsettled(source, ledger.begin(job) if ledger is not None else ())
        self._elsewhere, self._own = _elsewhere(options)
        working = Working(work, ledger, self._elsewhere)
        grace = GRACE if self._elsewhere is None else self._elsewhere.grace
        self._workers = Workers(options.workers, options.timeout, working, grace)
        self._sizing = Sizing(options.size)
        self._tally = Tally(job)
        self._parts: deque[Task] = deque()  # of bisected batches: ahead of new ones
        self._slow: deque[Task] = deque()  # single rows out of time: tried alone once all else is done
        self._delayed: list[tuple[float, int, Task]] = []  # heap by the moment of the retry
        self._serial = itertools.count()
        self._wait = wait_random_exponential(multiplier=options.wait, max=options.wait_most)
        self._at_work = 0  # tasks with the workers
        self._exhausted = False
        self._failing = 0  # failures in a row that no row is at fault for
        self._stopping: Stopped | Cancelled | None = None
        self._broken: Stopped | None = None  # the source failed
        self._interrupts = 0  # counted in the signal handler, which does nothing else
        self._heeded = 0

    def run(
        self, progress: Callable[[Report], None], cancel: threading.Event | None, telemetry: Telemetry | None
    ) -> Report:
        self._progress, self._cancel, self._telemetry = progress, cancel, telemetry
        try:
            with interruptible(self._interrupted) as self._pulling:
                self._loop()
        except BaseException:
            self._stop(Cancelled("the job was cancelled"))  # a callback of the caller raised
            self._drain()
            self._finish("stopped")
            raise
        finally:
            self._close()
        return self._ended()

    def _close(self) -> None:
        if self._own:
            self._elsewhere.close()
        self._workers.close()

    def _ended(self) -> Report:
        stopped = self._stopping or self._broken
        if stopped is not None:
            stopped.report = self._finish("cancelled" if isinstance(stopped, Cancelled) else "stopped")
            raise stopped
        found = self._tally
        return self._finish("partial" if found.open or found.counts["rejected"] else "completed")

    def _finish(self, status: Any) -> Report:
        report = self._tally.report(status)
        if self._ledger is not None:
            self._ledger.finish(self._job, status)
        return report

    def _loop(self) -> None:
        while True:
            self._heed()
            self._feed()
            if not self._at_work and not self._waiting() and (self._exhausted or self._stopping):
                return
            ended = self._next_end()
            if ended is not None:
                self._take(ended)
                self._progress(self._tally.report("running"))

    def _waiting(self) -> bool:
        """Whether there is something to do that was begun before."""
        return bool(self._delayed or self._parts or self._slow)

    def _feed(self) -> None:
        """Give the workers what they can take: one task each, and one more that waits."""
        while self._stopping is None and self._at_work < 2 * self._options.workers:
            if (task := self._next_task()) is None:
                return
            self._at_work += 1
            self._workers.submit(task)
            if not self._workers.ends.empty():
                return

    def _next_task(self) -> Task | None:
        if self._delayed and self._delayed[0][0] <= time.monotonic():
            return heapq.heappop(self._delayed)[2]
        if self._parts:
            return self._parts.popleft()
        if not self._exhausted:
            return self._read()
        return self._slow.popleft() if self._slow and not self._at_work and not self._delayed else None

    def _read(self) -> Task | None:
        try:
            with self._pulling():
                first, rows = self._rows.take(self._sizing.size)
        except KeyboardInterrupt:  # the source was broken off; what it had given is not counted as read
            self._passed()
            self._heed()
            return None
        except Exception as problem:  # noqa: BLE001 - of any source; it ends the job and is told
            self._passed()
            self._broken = Stopped(
                f"the source failed after {self._rows.position:,} rows: {failures.reason(problem)}",
                hint="What it gave is worked off; run the job again when the source can be read.",
            )
            self._broken.__cause__ = problem
            self._exhausted = True
            return None
        self._passed()
        if not len(rows):
            self._exhausted = True
            return None
        self._tally.read += len(rows)
        fixed = tuple(rows) if isinstance(rows, list) else rows  # positions must not depend on what a function does
        return Task(batch=Batch(job=self._job, first=first, rows=fixed))

    def _passed(self) -> None:
        self._tally.passed(self._rows.passed)
        self._rows.passed = []

    def _next_end(self) -> Ended | None:
        if not self._at_work and not self._delayed:
            return None
        due = self._delayed[0][0] - time.monotonic() if self._delayed else POLL
        try:
            ended = self._workers.ends.get(timeout=max(min(due, POLL), 0))
        except Empty:
            ended = None
        return ended

    def _interrupted(self) -> None:
        """In the signal handler: wake the loop, which stops the job."""
        self._interrupts += 1
        self._workers.ends.put(None)

    def _heed(self) -> None:
        """Stop where the user wants it; who interrupts twice does not wait for the running batches."""
        if self._cancel is not None and self._cancel.is_set() and not isinstance(self._stopping, Cancelled):
            self._stop(Cancelled("the job was cancelled"))
        if self._interrupts > self._heeded:
            again, self._heeded = self._heeded > 0, self._interrupts
            self._stop(Cancelled("the job was interrupted"), hurry=0.0 if again else None)

    def _stop(self, why: Stopped | Cancelled, hurry: float | None = None) -> None:
        """Begin nothing more; what runs may finish, for some seconds where the job was cancelled."""
        if self._stopping is None or isinstance(why, Cancelled):
            self._stopping = why
        if isinstance(why, Cancelled):
            self._workers.hurry(self._options.grace if hurry is None else hurry)
        for task in self._workers.withdraw():
            self._at_work -= 1
            self._leave(task, "the job stopped before")
        self._forget_parts()

    def _forget_parts(self) -> None:
        for task in (*self._parts, *self._slow, *(each for _, _, each in self._delayed)):
            doubt = "its commit is in doubt; the next run finds out"
            self._leave(task, "the job stopped before" if task.doubt is None else doubt)
        self._parts.clear()
        self._slow.clear()
        self._delayed.clear()

    def _drain(self) -> None:
        """Wait for what runs."""
        while self._at_work:
            ended = self._workers.ends.get()
            if ended is not None:
                self._take(ended)

    def _take(self, ended: Ended) -> None:
        self._at_work -= 1
        self._tally.counts["attempts"] += 1
        self._note(ended)
        if ended.problem is None:
            self._failing = 0
            self._tally.settled(ended.task.batch, ended.result)
            if not ended.task.part and not ended.task.refuse:
                self._sizing.done(len(ended.task.batch), ended.seconds)
            self._limit()
            return
        self._tally.errors[type(ended.problem).__name__] += 1
        self._failed(ended, self._classify(ended.problem))
        if self._workers.hanging > self._options.workers:
            self._stop(
                Stopped(
                    f"{self._workers.hanging} batches hang in threads, which cannot be killed",
                    hint='Use executor="processes", or give the batch function time limits of its own.',
                )
            )

    def _limit(self) -> None:
        """Stop where too many rows are rejected, or where none gets in."""
        counts, most = self._tally.counts, self._options.max_rejected
        rejected = counts["rejected"]
        if self._stopping is not None or rejected <= (HOPELESS if most is None else most):
            return
        if most is None and counts["inserted"] + counts["updated"] + counts["skipped"]:
            return
        why = f"{rejected:,} rows were rejected, "
        why += "and none got in" if most is None else f"more than the {most:,} that max_rejected allows"
        hint = "Look at the reasons, mend the source or the batch function, and run the job again."
        self._stop(Stopped(why, hint=hint))

    def _note(self, ended: Ended) -> None:
        if self._telemetry is None:
            return
        self._telemetry.timing("batches.attempt", ended.seconds)
        if ended.problem is None:
            self._telemetry.count("batches.done")
            self._telemetry.count("batches.rows", len(ended.task.batch))
            self._telemetry.gauge("batches.size", self._sizing.size)
        else:
            self._telemetry.count("batches.failed_attempts")

    def _failed(self, ended: Ended, kind: failures.Kind) -> None:
        task, problem = ended.task, ended.problem
        assert problem is not None  # noqa: S101 - told by the caller
        why = failures.reason(problem)
        if isinstance(problem, Stopped):
            self._leave(task, why)
            self._stop(problem)
        elif ended.unsure:
            self._parts.appendleft(_doubted(task, problem, looks=0))
        elif task.doubt is not None and problem is not task.doubt:
            self._look_again(task, why)
        else:
            self._judged(task, kind, why)
        if self._stopping is not None:
            self._forget_parts()

    def _look_again(self, task: Task, why: str) -> None:
        """The ledger could not be asked what became of a batch."""
        if task.looks < self._options.retries and task.doubt is not None:
            self._delay(_doubted(task, task.doubt, looks=task.looks + 1), task.looks + 1)
        else:
            self._give_up(task, f"{why} (it may be settled; the next run finds out)")

    def _judged(self, task: Task, kind: failures.Kind, why: str) -> None:
        if kind == "slow":
            self._tally.counts["timeouts"] += 1
            self._sizing.slow()
        if kind == "cancelled" or self._stopping is not None:
            self._leave(task, why)
        elif kind == "poison" and not task.refuse:
            self._isolate(task, why)
        elif kind == "permanent":
            self._give_up(task, why)
        elif kind == "slow" and not task.refuse and (task.part or task.tries + 1 >= SLOW_TRIES):
            if len(task.batch) > 1 or task.alone or self._options.workers == 1:
                self._isolate(task, why)
            else:
                self._slow.append(Task(batch=task.batch, part=True, alone=True))
            self._count_failure(why)
        elif task.tries < self._options.retries:
            self._tally.counts["retries"] += 1
            self._delay(structs.replace(task, tries=task.tries + 1, doubt=None, looks=0), task.tries + 1)
        else:
            self._give_up(task, f"{why} (after {task.tries + 1} attempts)")

    def _delay(self, task: Task, failed: int) -> None:
        """Hand a task out later: after a random part of a time that doubles with each failure."""
        state = RetryCallState(Retrying(), None, (), {})
        state.attempt_number = failed
        heapq.heappush(self._delayed, (time.monotonic() + self._wait(state), next(self._serial), task))

    def _isolate(self, task: Task, why: str) -> None:
        """Look for the rows at fault in the two halves; a single row is written down as rejected."""
        if len(task.batch) == 1:
            self._parts.appendleft(Task(batch=task.batch, part=True, refuse=why))
        else:
            self._tally.counts["bisections"] += 1
            first, second = task.batch.halves()
            self._parts.extendleft((Task(batch=second, part=True), Task(batch=first, part=True)))

    def _give_up(self, task: Task, why: str) -> None:
        self._leave(task, why)
        self._count_failure(why)

    def _count_failure(self, why: str) -> None:
        self._failing += 1
        most = self._options.stop_after
        if most is not None and self._failing >= most and self._stopping is None:
            self._stop(
                Stopped(
                    f"{self._failing} batches in a row failed, and no row of them is at fault: {why}",
                    hint="Mend the cause and run the job again; it goes on where it ended.",
                )
            )

    def _leave(self, task: Task, why: str) -> None:
        self._tally.left(task.batch, why)


def _doubted(task: Task, problem: BaseException, *, looks: int) -> Task:
    return structs.replace(task, doubt=problem, looks=looks)


def _elsewhere(options: Options) -> tuple[Any, bool]:
    """What runs functions elsewhere, if anything, and whether it is the job's own."""
    if options.executor == "threads":
        return None, False
    if options.executor == "processes":
        from tablemend.batching.processes import Processes

        return Processes(options.workers), True
    return options.executor, False
