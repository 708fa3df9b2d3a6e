"""Progress of a job into the state, in a thread of its own, so that the work never waits for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Self

from tablemend.errors import Cancelled, StateError
from tablemend.store.jobs import Job, Jobs

logger = logging.getLogger(__name__)

LEAST = 0.05
"""Seconds between two rows of progress: what an eye can tell apart (Card, Moran and Newell 1983: about 0.1 s)."""
BEAT = 1.0
"""Seconds after which a job that says nothing says so, and hears whether it is still wanted."""


class Reporter:
    """Notes how far a job is; the first stage and the last are never left out.

    `progress` is what the work calls: it raises Cancelled once somebody has asked for the end of the job.
    """

    def __init__(self, jobs: Jobs, job: Job, pulse: Callable[[], None]) -> None:
        self._jobs = jobs
        self._job = job
        self._pulse = pulse
        self._at = ("", 0.0)
        self._news = threading.Event()
        self._over = threading.Event()
        self._unwanted = threading.Event()
        self._thread = threading.Thread(target=self._tell, name=f"progress of {job.id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._news.set()
        self._thread.join()

    def progress(self, stage: str, fraction: float) -> None:
        """Note where the work is."""
        if self._unwanted.is_set():
            raise Cancelled(f"job {self._job.id} was cancelled", hint="Nothing is half-applied.")
        self._at = (stage, fraction)
        self._news.set()

    def _tell(self) -> None:
        written = None
        while not self._over.is_set():
            self._news.wait(BEAT)
            self._news.clear()
            written = self._write(written)
            self._over.wait(LEAST)
        if self._at != written:
            self._write(written)

    def _write(self, written: tuple[str, float] | None) -> tuple[str, float] | None:
        at = self._at
        try:
            same = at == written
            if self._jobs.beat(self._job.id) if same else self._jobs.progress(self._job.id, *at):
                self._unwanted.set()
        except StateError:  # the work itself will meet it too, or it has passed by the next time
            logger.warning("progress of job %s could not be noted", self._job.id, exc_info=True)
            return written
        if not same:
            self._pulse()
        return at
