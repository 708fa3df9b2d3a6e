"""Batches of a job as Spark tasks: what `tablemend.batching.run` takes as its executor."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tablemend.engine.tasks import map_partitions
from tablemend.errors import ProcessDied

if TYPE_CHECKING:
    from tablemend.batching import Attempt


class SparkTasks:
    """Runs each attempt at a batch as one Spark task; as many at once as the job has workers.

    The job keeps what it always does: retries, bisecting, the ledger. Spark itself repeats a task whose executor is
    lost, so that a job without a ledger must be safe to repeat. The executors need this package, its drivers, and a way
    to the database.
    """

    grace = 15.0  # Spark kills the Python of a task two seconds after it was interrupted

    def __init__(self, session: Any) -> None:
        """`session` is Spark's own, local, on a cluster, or Spark Connect."""
        self._session = session
        self._context = getattr(session, "_sc", None)  # Spark Connect has none

    def call(self, function: Callable[..., Any], given: tuple[Any, ...], attempt: Attempt) -> Any:
        """What a picklable function gives; Timeout or Cancelled where the attempt was stopped, and its task with it.

        ProcessDied where Spark could not carry it out.
        """
        tag = f"tablemend-{secrets.token_hex(8)}"
        try:
            with self._tagged(tag), attempt.cancelling(lambda: self._interrupt(tag)):
                (result,) = map_partitions(self._session, _Called(function), [given])
        except Exception as problem:
            if attempt.is_stopped:
                raise attempt.stopped() from problem
            raise ProcessDied(
                f"the Spark task of a batch ended: {problem}",
                hint="Spark may have gone, or a row may crash its Python.",
            ) from problem
        if result.error is not None:
            raise result.error
        return result.value

    @contextmanager
    def _tagged(self, tag: str) -> Iterator[None]:
        """Mark what this thread asks of Spark. A group on a session in this process: there, tags end nothing."""
        if self._context is not None:
            self._context.setJobGroup(tag, "a batch of tablemend", interruptOnCancel=True)
            yield
            return
        self._session.addTag(tag)
        try:
            yield
        finally:
            self._session.removeTag(tag)

    def _interrupt(self, tag: str) -> None:
        if self._context is not None:
            self._context.cancelJobGroup(tag)
        else:
            self._session.interruptTag(tag)

    def close(self) -> None:
        """Nothing: the session belongs to who made it."""


class _Called:
    """A function of several arguments as one of a tuple."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, given: tuple[Any, ...]) -> Any:
        return self._function(*given)
