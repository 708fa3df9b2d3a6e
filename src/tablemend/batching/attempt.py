"""One attempt at a batch: how long it may take, who stops it, and whether it may still commit."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from tablemend.batching.batch import Batch
from tablemend.errors import Cancelled, Timeout

LOG = logging.getLogger("tablemend.batching")
State = Literal["running", "committing", "stopped", "ended"]


class Attempt:
    """Handed to the batch function; safe for threads.

    Who is stopped cannot commit any more, and who commits is not stopped: an attempt has one end, whoever comes first.
    """

    def __init__(self, batch: Batch, number: int, timeout: float) -> None:
        self.batch = batch
        self.number = number  # 1 for the first
        self.timeout = timeout  # seconds for the whole attempt
        self.deadline = time.monotonic() + timeout
        self.transaction: Any = None  # what the ledger opened for this attempt, such as a connection
        self.why = ""  # it was stopped: "timeout" or "cancelled"
        self.unsure = False  # it was given up in its commit, whose fate shows only where the data is
        self._state: State = "running"
        self._cancels: list[Callable[[], object]] = []
        self._lock = threading.Lock()
        self._cancelling = threading.Lock()

    def remaining(self) -> float:
        """Seconds that are left, at least 0."""
        return max(0.0, self.deadline - time.monotonic())

    def check(self) -> None:
        """Raise Timeout or Cancelled where the attempt was stopped; long work calls it now and then."""
        if self.is_stopped:
            raise self.stopped()

    @property
    def is_stopped(self) -> bool:
        """Whether it was stopped before its commit."""
        return self._state == "stopped"

    def stopped(self) -> Timeout | Cancelled:
        """The error of an attempt that was stopped."""
        rows = f"{len(self.batch):,} rows from row {self.batch.first:,} on"
        if self.why == "cancelled":
            return Cancelled(f"the batch of {rows} was cancelled")
        return Timeout(
            f"the batch of {rows} took longer than {self.timeout:g} s",
            hint="Allow more time, or make the batches smaller.",
        )

    @contextmanager
    def cancelling(self, cancel: Callable[[], object]) -> Iterator[None]:
        """A block that `cancel` makes raise, from another thread, when the attempt is stopped."""
        with self._lock:
            self._cancels.append(cancel)
        try:
            self.check()
            yield
        finally:
            with self._cancelling, self._lock:  # not while it is being called: what it cancels may soon be another's
                self._cancels.remove(cancel)

    @property
    def committing(self) -> bool:
        """Whether its commit has begun."""
        return self._state == "committing"

    def commit(self) -> None:
        """Begin the commit; Timeout or Cancelled where the attempt was stopped before."""
        with self._lock:
            if self._state == "running":
                self._state = "committing"
        self.check()

    def stop(self, why: str) -> None:
        """Stop it, or break off a commit that takes too long: what waits in the database is cancelled."""
        with self._lock:
            if self._state == "running":
                self._state, self.why = "stopped", why
        with self._cancelling:
            for cancel in list(self._cancels):
                try:
                    cancel()
                except Exception as problem:  # noqa: BLE001 - of any driver; the attempt is given up where it goes on
                    LOG.warning("a batch could not be cancelled: %s", problem)

    def end(self) -> bool:
        """Take it for ended; False where somebody else did so already."""
        with self._lock:
            if self._state == "ended":
                return False
            self.unsure = self._state == "committing"
            self._state = "ended"
            return True
