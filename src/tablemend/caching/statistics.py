"""What the cache has done, counted where it happens: in all, in the last minute and hour, and for each table."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable

from tablemend.caching.shared import SharedState
from tablemend.records import Record

COUNTED = (
    *("hits_process", "hits_redis", "misses", "waits", "evictions", "expirations", "invalidations", "too_large"),
    *("uncached", "failures"),
)
WINDOWS = {"minute": (1.0, 60), "hour": (60.0, 60)}
"""Name → seconds of a step, and how many steps: what is told covers the window to within one step."""

MOST = 1_000
"""Tables that are counted each by itself; what is read from others counts in all alone."""


class CacheCounts(Record, frozen=True, kw_only=True, omit_defaults=False):
    """What happened in a stretch of time. `lookups` = `hits_process` + `hits_redis` + `misses`."""

    hits_process: int = 0  # results from this process, also those that another thread was just reading
    hits_redis: int = 0
    misses: int = 0  # a query was sent, or its error handed on
    waits: int = 0  # hits and misses that waited for the same query of another thread
    evictions: int = 0  # entries that went to make room
    expirations: int = 0  # entries found to be older than they may be
    invalidations: int = 0  # entries that a write or a person made invalid
    too_large: int = 0  # results larger than the cache, passed through
    uncached: int = 0  # queries whose results are never kept, or that were asked not to be; no lookups
    failures: int = 0  # lookups that ended with an error

    @property
    def lookups(self) -> int:
        """How often a result was looked for."""
        return self.hits_process + self.hits_redis + self.misses

    @property
    def hit_rate(self) -> float | None:
        """Share of lookups without a query of their own; None before the first."""
        return (self.hits_process + self.hits_redis) / self.lookups if self.lookups else None


class CacheStatistics(Record, frozen=True, kw_only=True, omit_defaults=False):
    """The figures of a cache since it was made."""

    entries: int  # in this process
    bytes: int  # of them
    redis: SharedState
    all: CacheCounts
    minute: CacheCounts  # the last one
    hour: CacheCounts  # the last one
    tables: dict[str, dict[str, CacheCounts]]  # table → all, minute, hour; a query counts for each of its tables
    held: dict[str, tuple[int, int]]  # table → entries and bytes in this process that were read from it


class Counts:
    """Counters by table and window, exact under threads."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._all: dict[str, Counter[str]] = {"": Counter()}
        self._steps: dict[str, dict[int, dict[str, Counter[str]]]] = {name: {} for name in WINDOWS}

    def add(self, tables: Iterable[str], *names: str, times: int = 1) -> None:
        """Count some things that happened to a result of these tables."""
        present = self._clock()
        with self._lock:
            kept = [each for each in tables if each in self._all or len(self._all) <= MOST]
            parts = [self._all, *(self._step(window, present) for window in WINDOWS)]
            for part in parts:
                for each in ("", *kept):
                    counter = part.get(each)
                    if counter is None:
                        counter = part[each] = Counter()
                    for name in names:
                        counter[name] += times

    def _step(self, window: str, present: float) -> dict[str, Counter[str]]:
        seconds, number = WINDOWS[window]
        steps, step = self._steps[window], int(present // seconds)
        found = steps.get(step)
        if found is None:
            for old in [each for each in steps if each <= step - number]:
                del steps[old]
            found = steps[step] = {}
        return found

    def read(self) -> dict[str, dict[str, CacheCounts]]:
        """All counts as of one moment: table ("" for all together) → all, minute, hour."""
        present = self._clock()
        with self._lock:
            return {
                table: {
                    "all": CacheCounts(**counter),
                    **{window: CacheCounts(**self._windowed(window, table, present)) for window in WINDOWS},
                }
                for table, counter in self._all.items()
            }

    def _windowed(self, window: str, table: str, present: float) -> Counter[str]:
        seconds, number = WINDOWS[window]
        first = int(present // seconds) - number + 1
        found: Counter[str] = Counter()
        for step, tables in self._steps[window].items():
            if step >= first:
                found.update(tables.get(table, {}))
        return found
