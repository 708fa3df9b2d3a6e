"""The workers of a server: started ahead, woken when there is work, replaced when they die."""

from __future__ import annotations

import logging
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Self

from tablemend.errors import StateError
from tablemend.settings import Settings
from tablemend.store.jobs import RUNNING, Job
from tablemend.store.processes import Process
from tablemend.web.jobs.handover import packed
from tablemend.workspace import Workspace

logger = logging.getLogger(__name__)

LOOK = 0.5
"""Seconds between two looks at who is to be stopped."""
GRACE = 5.0
"""Seconds in which a job that is no longer wanted has to end by itself."""
LAST = 2.0
"""Seconds from the polite signal to the one that no process can refuse."""
RECOVER = 10.0
"""Seconds between two looks for jobs of workers that nobody looks after."""
PAUSE = 5.0
"""Seconds before a worker that died before it was ready is started again."""


class Workers:
    """Worker processes of this server; a context manager.

    `news` is called, in the thread that looks after the workers, whenever one of them has changed something.
    """

    def __init__(
        self,
        settings: Settings,
        count: int,
        *,
        workspace: Workspace | None = None,
        news: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._count = count
        self._own = workspace is None
        self._workspace = workspace or Workspace(settings)
        self._news = news
        self._processes: dict[int, subprocess.Popen[bytes]] = {}  # by pid
        self._ready: set[int] = set()  # pids of those that have loaded what they need
        self._prepared = threading.Condition()
        self._asked: dict[str, float] = {}  # job → when this server saw that it is no longer wanted
        self._lock = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._look_after, name="workers", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pids(self) -> list[int]:
        """The workers that run."""
        with self._lock:
            return list(self._processes)

    def start(self) -> None:
        """Start the workers, and look after them from now on."""
        self._workspace.jobs.recover()
        self._workspace.ready().jobs.listeners.append(self.wake)
        for _ in range(self._count):
            self._begin()
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Until every worker has loaded what it needs, at most so long; whether it has."""
        with self._prepared:
            return self._prepared.wait_for(lambda: len(self._ready) >= self._count, seconds)

    def wake(self) -> None:
        """Let the workers look for work at once."""
        with self._lock:
            for process in self._processes.values():
                self._send(process, b".")

    def close(self, wait: float = 5.0) -> None:
        """Let the workers go: idle ones end at once, busy ones when their job is done.

        Waits at most so many seconds for them; a worker that is still busy then goes on alone.
        """
        if self._closing.is_set():
            return
        self._closing.set()
        with self._lock:
            for process in self._processes.values():
                _let_go(process)
        self._thread.join()
        jobs = self._workspace.ready().jobs
        jobs.listeners[:] = [each for each in jobs.listeners if each != self.wake]
        until = time.monotonic() + wait
        for process in self._processes.values():
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.returncode = 0  # it goes on alone: nobody is to wait for it
                logger.info("worker %s still has work, and goes on alone", process.pid)
            _stop_talking(process)
        self._selector.close()
        if self._own:
            self._workspace.close()

    def _begin(self) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "tablemend.web.jobs.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C in the terminal of the server does not break off its jobs
            bufsize=0,
        )
        self._send(process, packed(self._settings))
        assert process.stdin is not None  # noqa: S101 - it is a pipe
        os.set_blocking(process.stdin.fileno(), False)
        with self._lock:
            self._processes[process.pid] = process
        self._selector.register(process.stdout, selectors.EVENT_READ, process)  # type: ignore[arg-type]

    @staticmethod
    def _send(process: subprocess.Popen[bytes], what: bytes) -> None:
        assert process.stdin is not None  # noqa: S101 - it is a pipe
        try:
            os.write(process.stdin.fileno(), what)
        except BlockingIOError:
            pass  # it has enough to be woken by
        except (BrokenPipeError, ValueError):  # it has died, or was let go
            logger.debug("worker %s is gone", process.pid)  # `_look_after` replaces it

    def _look_after(self) -> None:
        looked = recovered = time.monotonic()
        while not self._closing.is_set():
            for key, _ in self._selector.select(LOOK):
                self._heard(key)
            present = time.monotonic()
            try:
                if present - looked >= LOOK:
                    looked = present
                    self._stop_unwanted(present)
                if present - recovered >= RECOVER:
                    recovered = present
                    self._recover()
            except StateError:
                logger.warning("the state cannot be looked at", exc_info=True)

    def _heard(self, key: selectors.SelectorKey) -> None:
        process: subprocess.Popen[bytes] = key.data
        if os.read(key.fd, 4096):
            with self._prepared:
                self._ready.add(process.pid)
                self._prepared.notify_all()
            self._news()
            return
        self._selector.unregister(key.fileobj)
        ended = process.wait()
        with self._lock:
            del self._processes[process.pid]
        _stop_talking(process)
        if self._closing.is_set():
            return
        logger.warning("worker %s ended with %s, and is replaced", process.pid, ended)
        self._recover()
        if process.pid not in self._ready:
            self._closing.wait(PAUSE)
        self._ready.discard(process.pid)
        if not self._closing.is_set():
            self._begin()

    def _recover(self) -> None:
        for job in self._workspace.jobs.recover():
            logger.warning("job %s (%s) ended with its process: %s", job.id, job.verb, job.status)
            self._news()

    def _stop_unwanted(self, present: float) -> None:
        """Stop the processes of jobs that were to end and did not; also those that no server looks after."""
        working = {job.id: (job, process) for job, process in self._workspace.ready().jobs.working() if job.cancel}
        self._asked = {job: self._asked.get(job, present) for job in working}
        for identity, (job, process) in working.items():
            late = present - self._asked[identity] - GRACE
            if late >= 0:
                self._stop(job, process, signal.SIGKILL if late >= LAST else signal.SIGTERM)

    def _stop(self, job: Job, process: Process, number: signal.Signals) -> None:
        if process.alive and self._workspace.jobs.get(job.id).status == RUNNING:
            logger.warning("job %s does not end by itself: worker %s gets %s", job.id, process.pid, number.name)
            os.kill(process.pid, number)


def _let_go(process: subprocess.Popen[bytes]) -> None:
    """Tell a worker that its server is gone."""
    if process.stdin is not None:
        process.stdin.close()


def _stop_talking(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
