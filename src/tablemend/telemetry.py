"""Progress and timings of a piece of work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[str, float], None]
"""Told the name of a stage and the fraction of it that is done, 0 to 1."""


def silent(stage: str, fraction: float) -> None:
    """Progress that nobody watches."""
    del stage, fraction


BEAT = 60.0
"""Seconds between two heartbeats of a run."""


def beating(progress: Progress, beat: Callable[[], None], *, every: float = BEAT) -> Progress:
    """Progress that also beats, now and then, to say that the work goes on."""
    last = time.monotonic()

    def told(stage: str, fraction: float) -> None:
        nonlocal last
        progress(stage, fraction)
        if time.monotonic() - last >= every:
            beat()
            last = time.monotonic()

    return told


class Timings:
    """Seconds spent in named stages, in order; a stage entered again adds up."""

    def __init__(self, progress: Progress = silent) -> None:
        self.seconds: dict[str, float] = {}
        self.progress = progress

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage, and tell its beginning and end."""
        self.progress(name, 0.0)
        started = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started
        self.progress(name, 1.0)
