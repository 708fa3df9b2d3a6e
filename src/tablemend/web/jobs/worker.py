"""The process of a worker: waits for jobs, carries out one after the other."""

from __future__ import annotations

import logging
import os
import select
import sys
from importlib import import_module

from tablemend.errors import Cancelled
from tablemend.settings import Settings
from tablemend.store.jobs import CANCELLED, COMPLETED, FAILED, Job
from tablemend.web.jobs.exercise import exercise
from tablemend.web.jobs.failures import told
from tablemend.web.jobs.handover import received
from tablemend.web.jobs.reporter import Reporter
from tablemend.workspace import Workspace

logger = logging.getLogger(__name__)

PATIENCE = 1.0
"""Seconds after which a worker that nobody has woken looks for work by itself: another server may have left it."""

AHEAD = (
    *("pyarrow.compute", "pyarrow.parquet", "rapidfuzz", "httpx", "psutil"),
    *("tablemend.repair.apply", "tablemend.repair.undo", "tablemend.repair.scan", "tablemend.repair.declared"),
    *("tablemend.repair.intake", "tablemend.repair.items", "tablemend.repair.detect.registry"),
    *("tablemend.repair.commit", "tablemend.repair.execution", "tablemend.repair.results"),
    *("tablemend.quality.evaluate", "tablemend.quality.rules", "tablemend.quality.drift"),
    *("tablemend.review.decisions", "tablemend.review.learning", "tablemend.review.gate"),
    *("tablemend.tables.read", "tablemend.tables.csv", "tablemend.tables.export", "tablemend.tables.snapshot"),
    *("tablemend.workspace.schedules", "tablemend.workspace.alerts", "tablemend.workspace.verbs"),
)
"""Modules that most jobs need."""


class Worker:
    """One process that carries out jobs in the names of those who asked for them."""

    def __init__(self, settings: Settings, *, inbox: int, outbox: int) -> None:
        self.workspace = Workspace(settings)
        self._inbox = inbox
        self._outbox: int | None = outbox

    def run(self) -> None:
        """Work until the server is gone; a job that is under way then is finished first."""
        self.prepare()
        self._pulse()
        while self._wait():
            while not self._abandoned() and (job := self.workspace.ready().jobs.claim()) is not None:
                self._pulse()
                self.work(job)
        self.workspace.close()

    def prepare(self) -> None:
        """Load what jobs need, and start the engine, before the first job waits for it."""
        for name in AHEAD:
            import_module(name)
        self.workspace.ready()
        self.workspace.start()
        if self.workspace.settings.engine == "duckdb":
            exercise(self.workspace)

    def work(self, job: Job) -> None:
        """Carry out a job, and note how it ended."""
        stored = self.workspace.store.jobs
        try:
            with Reporter(stored, job, self._pulse) as reporter:
                own = self.workspace.signed(job.by)
                own.progress = reporter.progress
                reporter.progress("start", 0.0)
                result = own.jobs.arguments(job).run(own)
            stored.finish(job.id, COMPLETED, result=result)
        except Cancelled:
            stored.finish(job.id, CANCELLED)
        except Exception as problem:  # noqa: BLE001 - whatever a job meets, its person is told and the worker lives on
            stored.finish(job.id, FAILED, error=told(problem))
        self._pulse()

    def _wait(self) -> bool:
        """Until somebody wakes this worker or a while has gone; False once the server is gone."""
        ready, _, _ = select.select([self._inbox], [], [], PATIENCE)
        return not ready or bool(os.read(self._inbox, 4096))

    def _abandoned(self) -> bool:
        """Whether the server is gone: then what waits is for the next one."""
        ready, _, _ = select.select([self._inbox], [], [], 0)
        return bool(ready) and not os.read(self._inbox, 4096)

    def _pulse(self) -> None:
        """Tell the server that something in the state is new, if it still listens."""
        if self._outbox is None:
            return
        try:
            os.write(self._outbox, b".")
        except OSError:
            self._outbox = None


def main() -> None:
    """Run a worker that a server started."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    inbox, outbox = sys.stdin.fileno(), os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no pulse
    os.set_blocking(outbox, False)
    settings = received(inbox)
    if settings is None:
        return
    Worker(settings, inbox=inbox, outbox=outbox).run()


if __name__ == "__main__":
    main()
