"""What is new in the state, told to everybody in this server who listens."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from tablemend.errors import StateError
from tablemend.records import Record
from tablemend.store.jobs import ACTIVE, Job, Mark
from tablemend.workspace import Workspace

logger = logging.getLogger(__name__)

BUSY = 0.05
"""Seconds between two looks while a job is active: half of what is seen as at once (Nielsen 1993: 0.1 s)."""
IDLE = 0.125
"""Seconds between two looks while none is: a decision of another process is told within 150 ms."""
MOST = 1000
"""Most events that wait for one subscriber."""


class Event(Record, frozen=True, kw_only=True):
    """Something new: a job as it stands now, or the counter of writes."""

    job: Job | None = None
    writes: int = 0


class Subscription:
    """What waits for one subscriber: of each job only the newest, so that a slow one is never behind."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._news = asyncio.Event()
        self._waiting: dict[str, Event] = {}
        self._lock = threading.Lock()
        self.closed = False

    def put(self, event: Event) -> None:
        """Add an event, from any thread."""
        key = event.job.id if event.job else ""
        with self._lock:
            self._waiting.pop(key, None)
            self._waiting[key] = event
            while len(self._waiting) > MOST:
                del self._waiting[next(iter(self._waiting))]
        self._ring()

    def close(self) -> None:
        """Let the subscriber know that nothing more will come."""
        self.closed = True
        self._ring()

    def _ring(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._news.set)

    async def take(self, seconds: float) -> list[Event]:
        """What is new, oldest first; empty where nothing came in so many seconds, or nothing more will."""
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return []
        with self._lock:
            self._news.clear()
            found, self._waiting = list(self._waiting.values()), {}
        if self.closed:
            self._news.set()
        return found


class Watch:
    """Looks at the state in a thread, and tells subscribers and listeners what changed; a context manager."""

    def __init__(self, workspace: Workspace, *, busy: float = BUSY, idle: float = IDLE) -> None:
        self._store = workspace.ready()
        self._busy = busy
        self._idle = idle
        self._subscriptions: set[Subscription] = set()
        self._listeners: list[Any] = []
        self._lock = threading.Lock()
        self._called = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch", daemon=True)
        self.mark = self._store.jobs.mark()
        self._active = [job.id for job in self._store.jobs.recent(status=ACTIVE, limit=MOST)]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        """Whether nothing more will be told."""
        return self._closing.is_set()

    def start(self) -> None:
        """Look from now on."""
        self._store.jobs.listeners.append(self.wake)
        self._thread.start()

    def wake(self) -> None:
        """Look at once."""
        self._called.set()

    def close(self) -> None:
        """Stop looking, and end every subscription."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._called.set()
        self._thread.join()
        self._store.jobs.listeners[:] = [each for each in self._store.jobs.listeners if each != self.wake]
        with self._lock:
            for each in self._subscriptions:
                each.close()

    def listen(self, listener: Any) -> None:
        """Call a function with each event, in the thread of the watch; it must not block."""
        self._listeners.append(listener)

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """Hear what is new from now on; to be called in a running loop."""
        made = Subscription(asyncio.get_running_loop())
        with self._lock:
            self._subscriptions.add(made)
            if self.closed:
                made.close()
        try:
            yield made
        finally:
            with self._lock:
                self._subscriptions.discard(made)

    def _look(self) -> None:
        active: set[str] = set(self._active)
        told = ""
        while not self._closing.is_set():
            self._called.wait(self._busy if active else self._idle)
            self._called.clear()
            try:
                self._compare(active)
                told = ""
            except StateError as problem:  # the state cannot be read now: said once, not eight times a second
                if str(problem) != told:
                    told = str(problem)
                    logger.warning("the state cannot be watched: %s", told)

    def _compare(self, active: set[str]) -> None:
        before, present = self.mark, self._store.jobs.mark()
        if present == before:
            return
        jobs = self._store.jobs.since(before.jobs) if present.jobs != before.jobs else []
        newest = max([present.jobs, *(job.changed for job in jobs)])
        self.mark = Mark(writes=present.writes, jobs=newest)
        for job in jobs:
            (active.discard if job.over else active.add)(job.id)
            self._tell(Event(job=job))
        if present.writes != before.writes:
            self._tell(Event(writes=present.writes))

    def _tell(self, event: Event) -> None:
        with self._lock:
            for each in self._subscriptions:
                each.put(event)
        for listener in self._listeners:
            listener(event)
