"""Threads that work on batches; one that hangs is given up and replaced."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from tablemend.batching.attempt import Attempt
from tablemend.batching.batch import Batch
from tablemend.batching.watch import GRACE, Watch
from tablemend.records import Record


class Task(Record, frozen=True, kw_only=True):
    """Something to do with a batch."""

    batch: Batch
    tries: int = 0  # attempts that failed for reasons that may pass
    part: bool = False  # of a batch that was bisected
    doubt: BaseException | None = None  # what ended an attempt that may have committed: only look whether it did
    looks: int = 0  # that failed
    alone: bool = False  # its only row ran out of time: a last try, while nothing else runs that could hold it up
    refuse: str = ""  # write its only row down as rejected, for this reason


class Ended(Record, frozen=True, kw_only=True):
    """How an attempt ended."""

    task: Task
    result: Any = None  # Done, or Settled where an earlier attempt had committed
    problem: BaseException | None = None
    unsure: bool = False  # it may have committed, which the ledger can tell
    seconds: float = 0.0


class Workers:
    """N threads between a queue of tasks and a queue of ends."""

    def __init__(
        self, number: int, timeout: float, work: Callable[[Task, Attempt], Ended], grace: float = GRACE
    ) -> None:
        self.ends: SimpleQueue[Ended | None] = SimpleQueue()  # None wakes the one who waits
        self.hanging = 0  # threads that were given up
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._timeout = timeout
        self._work = work
        self._running: dict[Attempt, tuple[Task, threading.Thread]] = {}
        self._threads: list[threading.Thread] = []
        self._watch = Watch(self._given_up, grace)
        for _ in range(number):
            self._start()

    def submit(self, task: Task) -> None:
        """Put a task behind the others."""
        self._tasks.put(task)

    def withdraw(self) -> list[Task]:
        """Take back the tasks that nobody has begun."""
        found: list[Task] = []
        try:
            while True:
                task = self._tasks.get_nowait()
                if task is not None:
                    found.append(task)
        except Empty:
            return found

    def hurry(self, seconds: float) -> None:
        """Cancel what still runs in so many seconds."""
        self._watch.hurry(seconds)

    def close(self) -> None:
        """End the threads; those that hang are left behind and can commit nothing."""
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()
        self._watch.close()

    def _start(self) -> None:
        thread = threading.Thread(target=self._serve, name="tablemend-batches", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve(self) -> None:
        while (task := self._tasks.get()) is not None:
            attempt = Attempt(task.batch, task.tries + 1, self._timeout)
            self._running[attempt] = (task, threading.current_thread())
            self._watch.add(attempt)
            ended = self._work(task, attempt)
            self._watch.remove(attempt)
            if not attempt.end():
                return  # given up, and replaced
            del self._running[attempt]
            self.ends.put(ended)

    def _given_up(self, attempt: Attempt) -> None:
        """Leave a thread behind that does not come back."""
        task, thread = self._running.pop(attempt)
        self._threads.remove(thread)
        self.hanging += 1
        self._start()
        self.ends.put(Ended(task=task, problem=attempt.stopped(), unsure=attempt.unsure, seconds=attempt.timeout))
