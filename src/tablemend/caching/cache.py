"""The read-through cache: results in this process, then in Redis, then from the database, one query for all who ask."""

from __future__ import annotations

import fnmatch
import math
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from tablemend.caching.catalogue import ALL
from tablemend.caching.flight import SingleFlight
from tablemend.caching.frame import Description
from tablemend.caching.key import digest
from tablemend.caching.memory import OVERHEAD, Entry, Memory
from tablemend.caching.shared import Shared, SharedState
from tablemend.caching.statistics import CacheStatistics, Counts
from tablemend.caching.versions import EPOCH, SCHEMA, Token, Versions
from tablemend.errors import SettingsError
from tablemend.records import Record

if TYPE_CHECKING:
    import pyarrow as pa

    from tablemend.settings import Settings

Tier = Literal["process", "redis"]
_LIVE: weakref.WeakSet[QueryCache] = weakref.WeakSet()
_LIVE_LOCK = threading.Lock()


class CacheLimits(Record, frozen=True, kw_only=True):
    """The bounds of a cache; the settings cache_entries, cache_bytes and cache_ttl."""

    entries: int = 10_000  # at most, in this process
    size: int = 256 * 2**20  # bytes at most, in this process
    ttl: float = 60.0  # seconds for which a result is used where the query names no other

    def __post_init__(self) -> None:
        """Raise SettingsError for a bound that cannot be, with the same ones as the settings."""
        for name, value, least in (("entries", self.entries, 1), ("size", self.size, 1), ("ttl", self.ttl, 0)):
            if not (math.isfinite(value) and value >= least):
                raise SettingsError(f"a cache with {name} of {value} cannot be", hint=f"Give {least} or more.")


class Captured(Record, frozen=True, kw_only=True):
    """The versions of a database's tables, as they were before a query began."""

    place: str  # database
    tables: tuple[str, ...]
    versions: tuple[str, ...]  # of everything, of the schema, of all tables, then of each table

    @property
    def schema(self) -> str:
        """The version of tables, columns and rights."""
        return "".join(self.versions[:2])


class Fetched(Record, frozen=True, kw_only=True):
    """A result, wherever it came from."""

    table: Any  # Arrow table
    age: float  # seconds since its query began
    cached: Tier | None  # where it was kept; None where a query was sent for it
    key: str


class QueryCache:
    """Results of queries by everything that they depend on; safe for threads.

    After a write through this tool has returned, no result from before it is found: not in this process, and not in
    any other that shares a Redis while it answers. An error is never kept, a result without rows is.
    """

    def __init__(
        self,
        limits: CacheLimits = CacheLimits(),  # noqa: B008
        *,
        shared: Shared | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits
        self.shared = shared
        self._clock = clock
        self._memory = Memory(entries=limits.entries, size=limits.size, clock=clock)
        self._versions = Versions()
        self._flights: SingleFlight[tuple[Entry, Tier | None]] = SingleFlight()
        self._counts = Counts(clock=clock)
        self._removals = 0  # by hand: what was on its way meanwhile is not kept
        with _LIVE_LOCK:
            _LIVE.add(self)

    def capture(self, place: str, tables: Sequence[str]) -> Captured:
        """The versions of some tables now; taken before a query, they say what it has seen at least."""
        tokens = _tokens(place, (SCHEMA, ALL, *tables))
        tokens.insert(0, EPOCH)
        found = None
        if self.shared is not None:
            changes = self._versions.changes
            found = self.shared.versions(tokens)
            if found is not None:
                self._versions.adopt(tokens, found, changes=changes)
        return Captured(place=place, tables=tuple(tables), versions=found or self._versions.read(tokens))

    def fetch(
        self,
        captured: Captured,
        question: Sequence[str],
        work: Callable[[], pa.Table],
        *,
        ttl: float | None = None,
        timeout: float | None = None,
    ) -> Fetched:
        """The result of a question (who asks, query in normal form, parameters), from the nearest place that has it.

        It is at most `ttl` seconds old, by default those of the limits. `work` reads it from the database; its errors
        go to everyone who waited for it. `timeout` is the most seconds to wait for another thread's query.
        """
        life = self.limits.ttl if ttl is None else ttl
        key = digest((*question, *captured.versions))
        found = self._looked_up(key, captured, life)
        if found is not None:
            return self._given(key, found, "process")
        try:
            while True:
                (entry, tier), waited = self._flights.run(
                    key, lambda: self._work(key, captured, question[1], work, life), timeout=timeout
                )
                if waited:
                    self._counts.add(captured.tables, "waits")
                if not waited or entry.began >= self._clock() - life:
                    return self._given(key, entry, "process" if waited else tier)
        except BaseException:
            self._counts.add(captured.tables, "misses", "failures")
            raise

    def _work(
        self, key: str, captured: Captured, text: str, work: Callable[[], pa.Table], life: float
    ) -> tuple[Entry, Tier | None]:
        found = self._looked_up(key, captured, life)  # it may have come since
        if found is not None:
            return found, "process"
        shared = self._from_shared(key, captured, text, life)
        if shared is not None:
            return shared, "redis"
        removals, began = self._removals, self._clock()
        table = work()
        entry = Entry(
            table=table,
            began=began,
            expires=began + life,
            size=table.get_total_buffer_size() + OVERHEAD,
            place=captured.place,
            tables=captured.tables,
            text=text,
        )
        if removals == self._removals:
            self._keep(key, entry, shared=True)
        return entry, None

    def _looked_up(self, key: str, captured: Captured, life: float) -> Entry | None:
        found, expired = self._memory.get(key, oldest=self._clock() - life)
        if expired:
            self._counts.add(captured.tables, "expirations")
        return found

    def _from_shared(self, key: str, captured: Captured, text: str, life: float) -> Entry | None:
        found = self.shared.get(key) if self.shared is not None else None
        if found is None:
            return None
        table, description, left = found
        present = self._clock()
        age = max(description.age + description.life - left, 0) / 1000
        if age > life:
            return None
        entry = Entry(
            table=table,
            began=present - age,
            expires=present + left / 1000,
            size=table.get_total_buffer_size() + OVERHEAD,
            place=captured.place,
            tables=captured.tables,
            text=text,
        )
        self._keep(key, entry, shared=False)
        return entry

    def _keep(self, key: str, entry: Entry, *, shared: bool) -> None:
        gone = self._memory.put(key, entry)
        if gone is None:
            self._counts.add(entry.tables, "too_large")
            return
        for each in gone:
            self._counts.add(each.tables, "evictions")
        left = int((entry.expires - self._clock()) * 1000)
        if shared and self.shared is not None and left > 0:
            age = max(int((self._clock() - entry.began) * 1000), 0)
            description = Description(
                place=entry.place, tables=entry.tables, text=entry.text, rows=entry.table.num_rows, life=left, age=age
            )
            self.shared.put(key, entry.table, description)

    def _given(self, key: str, entry: Entry, tier: Tier | None) -> Fetched:
        self._counts.add(entry.tables, _COUNTED[tier])
        return Fetched(table=entry.table, age=max(self._clock() - entry.began, 0.0), cached=tier, key=key)

    def passed(self) -> None:
        """Count a query that went past the cache."""
        self._counts.add((), "uncached")

    def publish(self, place: str, tables: Iterable[str], *, schema: bool = False) -> None:
        """Make the results of what was written invalid, here and for all who share them: `*` for every table.

        To be called once the write is done, or may be.
        """
        names = sorted(set(tables)) + ([SCHEMA] if schema else [])
        if not names:
            return
        tokens = _tokens(place, names)
        if self.shared is not None:
            self.shared.forget(tokens)  # first, so that nobody can take over a version from before it
        self._versions.change(tokens)
        if schema or ALL in names:
            gone = self._memory.remove(lambda _, entry: entry.place == place)
        else:
            gone = self._memory.invalidate(place, names)
        self._gone(gone)

    def remove(self, *, key: str | None = None, table: str | None = None, pattern: str | None = None) -> int:
        """Let go of results by hand: of a key, of a table in any database, or of queries like a shell pattern.

        The pattern is compared with the query in normal form: `*` stands for anything. How many there were here.
        """
        self._removals += 1
        self._remove_shared(key, table, pattern)
        gone = self._memory.remove(
            lambda name, entry: (
                (key is not None and name == key)
                or (table is not None and table.lower() in entry.tables)
                or (pattern is not None and fnmatch.fnmatchcase(entry.text, pattern))
            )
        )
        self._gone(gone)
        if table is not None:
            places = {each.place for each in gone}
            self._versions.change(each for place in places for each in _tokens(place, (table.lower(),)))
        return len(gone)

    def _remove_shared(self, key: str | None, table: str | None, pattern: str | None) -> None:
        if self.shared is None:
            return
        if key is not None:
            self.shared.remove(key=key)
        if table is not None:
            self.shared.forget_named(table.lower())
        if pattern is not None:
            self.shared.remove(text=pattern)

    def clear(self) -> int:
        """Let go of everything, here and in Redis; how many results there were here."""
        self._removals += 1
        if self.shared is not None:
            self.shared.clear()
        self._versions.change([EPOCH])
        gone = self._memory.remove(lambda *_: True)
        self._gone(gone)
        return len(gone)

    def _gone(self, entries: Iterable[Entry]) -> None:
        for each in entries:
            self._counts.add(each.tables, "invalidations")

    def statistics(self) -> CacheStatistics:
        """What the cache holds and has done so far."""
        for each in self._memory.sweep():
            self._counts.add(each.tables, "expirations")
        entries = self._memory.held()
        counts = self._counts.read()
        whole = counts.pop("")
        held: dict[str, tuple[int, int]] = {}
        for entry in entries:
            for table in entry.tables:
                number, size = held.get(table, (0, 0))
                held[table] = (number + 1, size + entry.size)
        return CacheStatistics(
            entries=len(entries),
            bytes=sum(each.size for each in entries),
            redis=self.shared.state() if self.shared is not None else SharedState(state="none"),
            tables=counts,
            held=held,
            **whole,
        )

    def close(self) -> None:
        """Let go of everything in this process, and of the connections to Redis."""
        with _LIVE_LOCK:
            _LIVE.discard(self)
        self._memory.remove(lambda *_: True)
        if self.shared is not None:
            self.shared.close()


_COUNTED: dict[Tier | None, str] = {"process": "hits_process", "redis": "hits_redis", None: "misses"}


def from_settings(settings: Settings) -> QueryCache:
    """The cache that the settings describe."""
    limits = CacheLimits(entries=settings.cache_entries, size=settings.cache_bytes, ttl=settings.cache_ttl)
    url = settings.cache_redis_url.get_secret_value()
    return QueryCache(limits, shared=Shared(url, settings.cache_redis_prefix) if url else None)


def live() -> list[QueryCache]:
    """Every cache of this process: a write concerns all of them, whoever writes."""
    with _LIVE_LOCK:
        return list(_LIVE)


def _tokens(place: str, names: Iterable[str]) -> list[Token]:
    return [(place, name) for name in names]
