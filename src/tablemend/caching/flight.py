"""One piece of work for all who ask for the same at the same time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from tablemend.errors import Timeout

T = TypeVar("T")


class _Flight(Generic[T]):
    """Work under way: its end, and what came of it."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.found: list[T] = []  # the one result; empty where there is none
        self.error: Exception | None = None


class SingleFlight(Generic[T]):
    """The first who asks does the work, and the others wait for what comes of it."""

    def __init__(self) -> None:
        self._flights: dict[str, _Flight[T]] = {}
        self._lock = threading.Lock()

    def run(self, key: str, work: Callable[[], T], *, timeout: float | None = None) -> tuple[T, bool]:
        """What the work gives, and whether somebody else did it.

        An error of the work goes to all who waited for it. One who waits does so for at most `timeout` seconds, then
        raises Timeout. Where the work is cancelled, or ran out of its own time, the next one tries.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            with self._lock:
                flight = self._flights.get(key)
                leads = flight is None
                if flight is None:
                    flight = self._flights[key] = _Flight()
            if leads:
                return self._lead(key, flight, work), False
            if not flight.done.wait(None if deadline is None else max(deadline - time.monotonic(), 0)):
                raise Timeout(
                    f"waited {timeout:g} s for the same query of another thread", hint="Allow more time, or ask later."
                )
            if flight.error is not None:
                raise flight.error
            if flight.found:
                return flight.found[0], True

    def _lead(self, key: str, flight: _Flight[T], work: Callable[[], T]) -> T:
        try:
            found = work()
            flight.found.append(found)
            return found
        except Timeout:
            raise  # of the leader's own time; those who wait may have more
        except Exception as problem:
            flight.error = problem
            raise
        finally:
            with self._lock:
                del self._flights[key]
            flight.done.set()
