"""What a server does by the clock: refreshes that are due, alerts to be raised and told, old things to let go of."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Self

from tablemend.records import now
from tablemend.web.jobs.watch import Event, Watch
from tablemend.workspace import Workspace

logger = logging.getLogger(__name__)

TICK = 1.0
"""Most seconds between two looks at what is due."""
SILENT = 30.0
"""Seconds between two looks for runs that say nothing."""
TIDY = 3_600.0
"""Seconds between two looks for what is too old: its settings count in days."""
HANDED = 2.0
"""Seconds between two looks for deliveries that nobody here has raised: tests, and what another server left."""
ALERTED = ("refresh", "scan", "rescan", "heal")
"""Verbs after which somebody may have to be told something."""


class Scheduler:
    """Threads of a server: one asks for refreshes, one raises alerts, one tells them, one tidies up; a context manager.

    A delivery that takes long holds up neither a refresh nor another alert.
    """

    def __init__(self, workspace: Workspace, watch: Watch) -> None:
        self._workspace = workspace
        self._watch = watch
        self._ended: queue.Queue[str] = queue.Queue()
        self._called = threading.Event()
        self._raised = threading.Event()
        self._looked = time.monotonic() - SILENT
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=self._keep, args=(work,), name=name, daemon=True)
            for name, work in (
                *(("schedules", self._refresh), ("alerts", self._alert)),
                *(("deliveries", self._deliver), ("upkeep", self._tidy)),
            )
        ]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Work from now on; also on what ended while no server ran."""
        self._watch.listen(self._heard)
        self._workspace.ready().jobs.listeners.append(self._called.set)
        for each in self._workspace.schedules.list():
            if each.job:
                self._ended.put(each.job)
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stop; what is being delivered is tried once more by the next server."""
        self._closing.set()
        self._called.set()
        self._raised.set()
        self._ended.put("")
        for thread in self._threads:
            thread.join(2.0)  # one may be waiting for somebody's mail host
        listeners = self._workspace.ready().jobs.listeners
        listeners[:] = [each for each in listeners if each != self._called.set]

    def _heard(self, event: Event) -> None:
        if event.job is not None and event.job.over and event.job.verb in ALERTED:
            self._ended.put(event.job.id)

    def _keep(self, work: Callable[[], None]) -> None:
        """Do a piece of work again and again; an error is logged and ends none of it."""
        while not self._closing.is_set():
            try:
                work()
            except Exception:  # a thread that ended would leave everything undone from then on
                logger.exception("what a server does by the clock failed, and is tried again")
                self._closing.wait(TICK)

    def _refresh(self) -> None:
        self._called.clear()
        self._workspace.schedules.submit_due()
        first = self._workspace.ready().schedules.first()
        ahead = TICK if first is None else (first - now()).total_seconds()
        self._called.wait(min(max(ahead, 0.05), TICK))

    def _alert(self) -> None:
        try:
            job = self._ended.get(timeout=TICK)
        except queue.Empty:
            job = ""
        made = self._workspace.alerts.after(self._workspace.jobs.get(job)) if job else []
        if time.monotonic() - self._looked >= SILENT:
            self._looked = time.monotonic()
            made += self._workspace.alerts.stalled()
        if made:
            self._raised.set()

    def _deliver(self) -> None:
        self._raised.clear()
        self._workspace.alerts.deliver()
        self._raised.wait(HANDED)

    def _tidy(self) -> None:
        gone = self._workspace.tidy()
        if gone.any:
            logger.info("let go of %s", gone)
        self._closing.wait(TIDY)
