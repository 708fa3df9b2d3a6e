"""Work in processes, which can be killed: for Python that is slow, hangs or crashes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as LateError
from typing import Any, Protocol

from pebble import ProcessExpired, ProcessPool

from tablemend.batching.attempt import Attempt
from tablemend.errors import ProcessDied


class Elsewhere(Protocol):
    """Runs functions where they can be stopped: in processes, or as tasks of a cluster."""

    grace: float  # seconds in which what was stopped has to end

    def call(self, function: Callable[..., Any], given: tuple[Any, ...], attempt: Attempt) -> Any:
        """What a picklable function gives; Timeout or Cancelled where the attempt was stopped, ProcessDied."""

    def close(self) -> None:
        """Stop whatever still runs."""


class Processes:
    """As many processes as workers; each is started anew, so that no thread or connection is shared."""

    grace = 10.0  # killing and starting anew takes tenths of a second, more on a busy machine

    def __init__(self, number: int) -> None:
        self._pool = ProcessPool(max_workers=number, context=multiprocessing.get_context("spawn"))

    def call(self, function: Callable[..., Any], given: tuple[Any, ...], attempt: Attempt) -> Any:
        """What a picklable function gives, run in a process that is killed at the end of the attempt's time."""
        future = self._pool.schedule(function, args=given, timeout=attempt.timeout)
        try:
            with attempt.cancelling(future.cancel):
                return future.result()
        except (LateError, CancelledError) as problem:
            attempt.stop("timeout")  # where the watch has not done so
            raise attempt.stopped() from problem
        except ProcessExpired as problem:
            raise ProcessDied(
                f"the process of a batch died with exit code {problem.exitcode}",
                hint="A row may crash it, or memory may have run out.",
            ) from problem

    def close(self) -> None:
        """Kill what still runs."""
        self._pool.stop()
        self._pool.join()
