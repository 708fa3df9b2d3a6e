"""When to try again what has failed: pauses that grow."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

FIRST = 0.5  # seconds of the first pause
LONGEST = 30.0  # seconds of the longest one


class Circuit:
    """Open while something is away; one caller at a time may try it then, after a pause that doubles each time."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._pause = 0.0
        self._next = 0.0
        self._trying = False
        self.open = False

    def may_try(self, *, at_once: bool = False) -> bool:
        """Whether the caller is to try now; it must say `failed` or `closed` then.

        `at_once` does not wait for the pause to end.
        """
        with self._lock:
            if self._trying or (self._clock() < self._next and not at_once):
                return False
            self._trying = True
            return True

    def failed(self) -> None:
        """Note a failure: the next try comes after a longer pause."""
        with self._lock:
            if self.open and not self._trying:
                return  # one of several that failed together
            self._trying = False
            self.open = True
            self._pause = min(self._pause * 2 or FIRST, LONGEST)
            self._next = self._clock() + self._pause

    def closed(self) -> None:
        """Note that it is there again."""
        with self._lock:
            self.open = self._trying = False
            self._pause = self._next = 0.0

    @property
    def pause(self) -> float:
        """Seconds until the next try; 0 where nothing is away."""
        return max(self._next - self._clock(), 0.0) if self.open else 0.0
