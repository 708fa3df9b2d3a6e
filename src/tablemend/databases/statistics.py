"""What a pool has done, counted where it happens, and who holds its connections."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from tablemend.records import Record, now

_OWN = (str(Path(__file__).parent) + os.sep, contextlib.__file__)
_DEPTH = 12  # frames of a stack that are kept


class PoolStatistics(Record, frozen=True, kw_only=True, omit_defaults=False):
    """The figures of one pool since it was made.

    `acquisitions` = `hits` + those that opened a connection; `size` = `in_use` + `idle` = `opened` - `closed`.
    """

    maximum: int  # most connections now: lower than the setting where the server allows fewer
    size: int  # open connections
    in_use: int  # of them
    idle: int  # of them
    opened: int  # ever, also ahead
    opened_ahead: int  # by `open_minimum`
    closed: int
    acquisitions: int  # that got a connection
    hits: int  # that got one without opening it
    waits: int  # that found none free
    wait_seconds: float  # of all waits, also those in vain
    timeouts: int  # waits in vain
    failures: int  # connections that could not be opened

    @property
    def hit_rate(self) -> float | None:
        """Share of acquisitions served without opening a connection; None before the first."""
        return self.hits / self.acquisitions if self.acquisitions else None


class Leak(Record, frozen=True, kw_only=True):
    """A connection that is held for longer than it should be."""

    acquired: datetime
    seconds: float  # held so far
    thread: str  # name of the thread that acquired it
    purpose: str  # of the database object
    stack: tuple[str, ...]  # where it was acquired, innermost first: file:line in function


class Counters:
    """Counts of a pool, exact under threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, float] = dict.fromkeys(
            (
                *("opened", "opened_ahead", "closed", "acquisitions", "hits"),
                *("waits", "wait_seconds", "timeouts", "failures"),
            ),
            0,
        )
        self._local = threading.local()

    def add(self, **amounts: float) -> None:
        """Count several things at once."""
        with self._lock:
            for name, amount in amounts.items():
                self._counts[name] += amount

    def opened(self, *_: object) -> None:
        """Count a new connection, also for the thread that opened it."""
        self._local.opened = self.opened_here() + 1
        self.add(opened=1)

    def opened_here(self) -> int:
        """How many connections this thread has opened."""
        return getattr(self._local, "opened", 0)

    def closed(self, *_: object) -> None:
        """Count a connection that was closed."""
        self.add(closed=1)

    def open(self) -> int:
        """How many connections are open."""
        with self._lock:
            return int(self._counts["opened"] - self._counts["closed"])

    def statistics(self, *, maximum: int, in_use: int) -> PoolStatistics:
        """All counts as of one moment."""
        with self._lock:
            counts: dict[str, Any] = dict(self._counts)
        size = int(counts["opened"] - counts["closed"])
        seconds = counts.pop("wait_seconds")
        whole = {name: int(count) for name, count in counts.items()}
        held = min(in_use, size)  # who is about to open one holds none yet
        return PoolStatistics(
            maximum=maximum, size=size, in_use=held, idle=size - held, wait_seconds=float(seconds), **whole
        )


class Holders:
    """Who holds connections: when, in which thread, and by which stack they were acquired."""

    def __init__(self, purpose: str) -> None:
        self.purpose = purpose
        self._held: dict[object, tuple[float, datetime, str, list[tuple[str, int, str]]]] = {}
        self._lock = threading.Lock()

    def add(self, key: object) -> None:
        """Note that a connection was acquired here."""
        held = (time.monotonic(), now(), threading.current_thread().name, _stack())
        with self._lock:
            self._held[key] = held

    def remove(self, key: object) -> None:
        """Note that it was given back."""
        with self._lock:
            self._held.pop(key, None)

    def leaks(self, *, older_than: float = 0.0) -> list[Leak]:
        """Connections held for more than so many seconds, the longest first."""
        present = time.monotonic()
        with self._lock:
            held = sorted(self._held.values(), key=lambda each: each[0])
        return [
            Leak(
                acquired=acquired,
                seconds=present - since,
                thread=thread,
                purpose=self.purpose,
                stack=tuple(f"{file}:{line} in {function}" for file, line, function in stack),
            )
            for since, acquired, thread, stack in held
            if present - since > older_than
        ]


def _stack() -> list[tuple[str, int, str]]:
    """Callers outside of this package, innermost first; source lines are not read, as every checkout comes here."""
    found: list[tuple[str, int, str]] = []
    frame: Any = sys._getframe(1)
    while frame is not None and len(found) < _DEPTH:
        code = frame.f_code
        if not code.co_filename.startswith(_OWN):
            found.append((code.co_filename, frame.f_lineno, code.co_name))
        frame = frame.f_back
    return found
