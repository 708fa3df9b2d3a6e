"""Keeping time: attempts past their deadline are stopped, and those that cannot be stopped are given up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from tablemend.batching.attempt import Attempt

GRACE = 2.0
"""Seconds in which a stopped attempt has to come back: cancelling in a database takes milliseconds."""


class Watch:
    """A thread that looks at running attempts when one of them is due."""

    def __init__(self, given_up: Callable[[Attempt], None], grace: float = GRACE) -> None:
        """`given_up` is called with each attempt that did not come back within `grace` seconds after it was stopped."""
        self._given_up = given_up
        self._grace = grace
        self._due: dict[Attempt, tuple[float, str, bool]] = {}  # when to look at it, why to stop it, whether it was
        self._changed = threading.Condition()
        self._closed = False
        self._next = float("inf")
        self._thread = threading.Thread(target=self._watch, name="tablemend-watch", daemon=True)
        self._thread.start()

    def add(self, attempt: Attempt) -> None:
        """Watch an attempt until `remove`."""
        with self._changed:
            self._due[attempt] = (attempt.deadline, "timeout", False)
            if attempt.deadline < self._next:
                self._changed.notify()

    def remove(self, attempt: Attempt) -> None:
        """Watch it no longer."""
        with self._changed:
            self._due.pop(attempt, None)

    def hurry(self, seconds: float) -> None:
        """Cancel what still runs in so many seconds."""
        with self._changed:
            soon = time.monotonic() + seconds
            for attempt, (due, _, stopped) in self._due.items():
                if not stopped and soon < due:
                    self._due[attempt] = (soon, "cancelled", False)
            self._changed.notify()

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            with self._changed:
                self._next = min((due for due, _, _ in self._due.values()), default=float("inf"))
                wait = self._next - time.monotonic()
                if not self._closed and wait > 0:
                    self._changed.wait(min(wait, threading.TIMEOUT_MAX))
                if self._closed:
                    return
                now = time.monotonic()
                late = [attempt for attempt, (due, _, _) in self._due.items() if due <= now]
            for attempt in late:
                self._late(attempt)

    def _late(self, attempt: Attempt) -> None:
        """Stop it; a second time, give it up. A commit gets as long as the attempt had, since it may be waiting."""
        with self._changed:
            _, why, stopped = self._due.pop(attempt, (0.0, "", False))
            if why and not stopped:
                grace = self._grace + (attempt.timeout if attempt.committing else 0.0)
                self._due[attempt] = (time.monotonic() + grace, why, True)
        if why and (stopped or not attempt.committing):
            attempt.stop(why)
        if stopped and attempt.end():
            self._given_up(attempt)
