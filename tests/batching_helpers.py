"""A ledger in memory with the faults of a database, and batch functions that leave a trace."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tablemend.batching import Attempt, Batch, Done, Rejection, Settled
from tablemend.errors import ConstraintBroken, StateError, Transient, Unreachable


class Step:
    """What a transaction would write."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.settled: list[Settled] = []
        self.rejections: list[Rejection] = []


class MemoryLedger:
    """Transactional like a database: what a step holds is there after its commit, or not at all.

    `lost` is the share of commits whose end nobody sees, half of them done and half taken back; `busy` that of
    transactions which fail before.
    """

    def __init__(self, *, seed: int = 0, lost: float = 0.0, busy: float = 0.0) -> None:
        self.rows: list[Any] = []
        self.settled: dict[int, Settled] = {}
        self.rejections: list[Rejection] = []
        self.ended = ""
        self._lost, self._busy = lost, busy
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def begin(self, job: str) -> Sequence[Settled]:
        return [self.settled[first] for first in sorted(self.settled)]

    @contextmanager
    def transaction(self, batch: Batch, attempt: Attempt) -> Iterator[Step]:
        if self._chance(self._busy):
            raise Transient("the database is busy")
        step = Step()
        yield step
        lost = self._chance(self._lost)
        if lost and self._chance(0.5):
            raise Unreachable("lost before the commit")
        self._commit(step)
        if lost:
            raise Unreachable("lost after the commit")

    def _chance(self, share: float) -> bool:
        with self._lock:
            return self._random.random() < share

    def _commit(self, step: Step) -> None:
        with self._lock:
            if any(each.first in self.settled for each in step.settled):
                raise ConstraintBroken("settled twice")
            self.settled.update({each.first: each for each in step.settled})
            self.rows += step.rows
            self.rejections += step.rejections

    def settle(self, transaction: Step, batch: Batch, settled: Settled, rejections: Sequence[Rejection]) -> None:
        transaction.settled.append(settled)
        transaction.rejections += rejections

    def find(self, batch: Batch) -> Settled | None:
        if self._chance(self._busy):
            raise Transient("the database is busy")
        with self._lock:
            found = self.settled.get(batch.first)
        if found is not None and found.rows != len(batch):
            raise StateError("settled with other rows")
        return found

    def finish(self, job: str, status: str) -> None:
        self.ended = status


def writing(poison: set[int], skipped: set[int] = frozenset(), declined: set[int] = frozenset()) -> Any:  # type: ignore[assignment]
    """A batch function over numbers that writes into the step of a MemoryLedger."""

    def work(batch: Batch, attempt: Attempt) -> Done:
        for row in batch.rows:
            if row in poison:
                raise ValueError(f"{row} is poison")
        new = [row for row in batch.rows if row not in skipped | declined]
        attempt.transaction.rows += new
        refused = {place: "declined" for place, row in enumerate(batch.rows) if row in declined}
        return Done(inserted=len(new), skipped=len(batch) - len(new) - len(refused), rejected=refused)

    return work


def inserted(batch: Batch, attempt: Attempt) -> Done:
    """A batch function that takes every row."""
    return Done(inserted=len(batch))
