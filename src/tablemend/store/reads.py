"""Reads that are kept until somebody writes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from cachetools import LRUCache

T = TypeVar("T")

ENTRIES = 512
"""Most answers that are kept; the one not asked for longest goes first."""


class Reads:
    """Answers of queries, each valid for one count of writes.

    The count is read before the query in the same transaction, so that an answer is never older than its count.
    Failures are never kept.
    """

    def __init__(self, entries: int = ENTRIES) -> None:
        self._kept: LRUCache[Hashable, tuple[int, Any]] = LRUCache(entries)
        self._lock = threading.Lock()
        self.hits = self.misses = 0

    def get(self, key: Hashable, written: int, load: Callable[[], T]) -> T:
        """The answer under a key if nothing was written since, else what `load` gives."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None and found[0] == written:
                self.hits += 1
                return found[1]
            self.misses += 1
        answer = load()
        with self._lock:
            self._kept[key] = (written, answer)
        return answer

    def forget(self) -> None:
        """Drop every answer."""
        with self._lock:
            self._kept.clear()
