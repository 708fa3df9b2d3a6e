"""The tier in this process: least recently used goes first, within a limit of entries and of bytes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from cachetools import Cache, LRUCache

from tablemend.records import Record

OVERHEAD = 1_024
"""Bytes that an entry is counted for besides its table: key, record and index, measured at about 900."""


class Entry(Record, frozen=True, kw_only=True):
    """A result as it is kept."""

    table: Any  # Arrow table; never changed by anybody
    began: float  # moment of the clock at which its query began: it is at least as new as that
    expires: float  # moment of the clock after which it is not used
    size: int  # bytes
    place: str  # database
    tables: tuple[str, ...]  # of the database that it was read from
    text: str  # of its query, in normal form


class Memory:
    """Entries by key, safe for threads; every operation on one entry takes constant time."""

    def __init__(self, *, entries: int, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Keep at most so many entries of at most so many bytes together."""
        self.entries = entries
        self.size = size
        self._clock = clock
        self._kept: LRUCache[str, Entry] = LRUCache(size, getsizeof=lambda entry: entry.size)
        self._by_table: dict[tuple[str, str], set[str]] = {}
        self._lock = threading.Lock()

    def get(self, key: str, *, oldest: float) -> tuple[Entry | None, bool]:
        """The entry of a key; whether one had to go that had expired, or whose query began before `oldest`."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None, False
            if self._clock() >= found.expires or found.began < oldest:
                self._drop(key)
                return None, True
            return found, False

    def put(self, key: str, entry: Entry) -> list[Entry] | None:
        """Keep an entry; those that had to go for it. None where it is larger than everything may be."""
        if entry.size > self.size:
            return None
        gone = []
        with self._lock:
            if key in self._kept:
                self._drop(key)
            while len(self._kept) >= self.entries or self._kept.currsize + entry.size > self.size:
                gone.append(self._forgotten(*self._kept.popitem()))  # the least recently used
            self._kept[key] = entry
            for table in entry.tables:
                self._by_table.setdefault((entry.place, table), set()).add(key)
        return gone

    def invalidate(self, place: str, tables: Iterable[str]) -> list[Entry]:
        """Let go of what was read from these tables of a database; takes as long as there are such entries."""
        with self._lock:
            keys = {key for table in tables for key in self._by_table.get((place, table), ())}
            return [self._drop(key) for key in keys]

    def remove(self, chosen: Callable[[str, Entry], bool]) -> list[Entry]:
        """Let go of every entry that is chosen by key and content."""
        with self._lock:
            keys = [key for key in list(self._kept) if chosen(key, Cache.__getitem__(self._kept, key))]
            return [self._drop(key) for key in keys]

    def sweep(self) -> list[Entry]:
        """Let go of what has expired."""
        present = self._clock()
        return self.remove(lambda _, entry: present >= entry.expires)

    def held(self) -> list[Entry]:
        """Every entry."""
        with self._lock:
            return [Cache.__getitem__(self._kept, key) for key in self._kept]  # which does not count as a use

    def _drop(self, key: str) -> Entry:
        return self._forgotten(key, self._kept.pop(key))

    def _forgotten(self, key: str, entry: Entry) -> Entry:
        for table in entry.tables:
            keys = self._by_table.get((entry.place, table), set())
            keys.discard(key)
            if not keys:
                self._by_table.pop((entry.place, table), None)
        return entry
