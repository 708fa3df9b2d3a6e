"""How many connections there may be, and waiting for one of them."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from tablemend.records import Record

if TYPE_CHECKING:
    from tablemend.settings import Settings


class PoolLimits(Record, frozen=True, kw_only=True):
    """The bounds of a pool; the settings pool_min, pool_max, pool_timeout and pool_recycle."""

    minimum: int = 1  # opened by `open_minimum`
    maximum: int = 10  # at once
    timeout: float = 30.0  # seconds to wait for a free one
    recycle: float = 1800.0  # seconds after which a connection is replaced


def limits(settings: Settings) -> PoolLimits:
    """The bounds that the settings give."""
    return PoolLimits(
        minimum=settings.pool_min,
        maximum=settings.pool_max,
        timeout=settings.pool_timeout,
        recycle=settings.pool_recycle,
    )


class Gate:
    """Lets a bounded number of callers in; the others wait in the order in which they came."""

    def __init__(self, maximum: int) -> None:
        self.maximum = maximum
        self._inside = 0
        self._queue: list[threading.Lock] = []
        self._lock = threading.Lock()

    @property
    def inside(self) -> int:
        """How many are in."""
        return self._inside

    def enter(self, timeout: float) -> float | None:
        """Seconds waited, 0.0 where none; None where the time ran out."""
        with self._lock:
            if not self._queue and self._inside < self.maximum:
                self._inside += 1
                return 0.0
            turn = threading.Lock()
            turn.acquire()
            self._queue.append(turn)
        started = time.perf_counter()
        if turn.acquire(timeout=max(timeout, 0)) or not self._withdrawn(turn):
            return time.perf_counter() - started
        return None

    def leave(self) -> None:
        """Let the next one in."""
        with self._lock:
            self._inside -= 1
            self._admit()

    def lower(self, maximum: int) -> None:
        """Let fewer in from now on; never more."""
        with self._lock:
            self.maximum = max(1, min(self.maximum, maximum))

    def widen(self, most: int) -> None:
        """Let one more in from now on, up to a bound."""
        with self._lock:
            self.maximum = min(most, self.maximum + 1)
            self._admit()

    def _admit(self) -> None:
        while self._queue and self._inside < self.maximum:
            self._inside += 1
            self._queue.pop(0).release()

    def _withdrawn(self, turn: threading.Lock) -> bool:
        """Whether the turn was still waiting; it may have come in the last moment."""
        with self._lock:
            if turn not in self._queue:
                return False
            self._queue.remove(turn)
            return True
