"""Counting what becomes of rows, as it happens."""

from __future__ import annotations

import time
from collections import Counter

from tablemend.batching.batch import Batch
from tablemend.batching.ledger import Settled
from tablemend.batching.outcome import Done, Rejection, Report, Status, Unfinished, rejection

KEPT = 100
"""Rejections and unfinished ranges that a report lists; a ledger keeps them all."""

_OUTCOMES = ("inserted", "updated", "skipped", "rejected")


class Tally:
    """The counts of a job; only the thread that runs the job touches it."""

    def __init__(self, job: str) -> None:
        self._job = job
        self._started = time.perf_counter()
        self.read = 0
        self.counts: Counter[str] = Counter()  # of outcomes, and of what happened on the way
        self.errors: Counter[str] = Counter()
        self._rejections: list[Rejection] = []
        self._unfinished: list[Unfinished] = []

    def passed(self, ranges: list[Settled]) -> None:
        """Count rows that earlier runs settled."""
        for each in ranges:
            self._outcomes(each)
            self.read += each.rows
            self.counts["resumed"] += each.rows

    def settled(self, batch: Batch, found: Done | Settled) -> None:
        """Count the outcomes of a batch."""
        self.counts["batches"] += 1
        if isinstance(found, Settled):
            self._outcomes(found)
            return
        for name in ("inserted", "updated", "skipped"):
            self.counts[name] += getattr(found, name)
        self.counts["rejected"] += len(found.rejected)
        for place in sorted(found.rejected)[: KEPT - len(self._rejections)]:
            self._rejections.append(rejection(batch, place, found.rejected[place]))

    def left(self, batch: Batch, why: str) -> None:
        """Note rows that no outcome was reached for."""
        if len(self._unfinished) < KEPT:
            self._unfinished.append(Unfinished(first=batch.first, rows=len(batch), reason=why))

    def _outcomes(self, found: Settled) -> None:
        for name in _OUTCOMES:
            self.counts[name] += getattr(found, name)

    @property
    def open(self) -> int:
        """Rows that were read and have no outcome."""
        return self.read - sum(self.counts[name] for name in _OUTCOMES)

    def report(self, status: Status) -> Report:
        """How far the job has come."""
        counted = (*_OUTCOMES, "resumed", "batches", "attempts", "retries", "bisections", "timeouts")
        return Report(
            job=self._job,
            status=status,
            total=self.read,
            left=self.open,
            errors=dict(self.errors),
            seconds=time.perf_counter() - self._started,
            rejections=tuple(sorted(self._rejections, key=lambda each: each.position)),
            unfinished=tuple(self._unfinished),
            **{name: self.counts[name] for name in counted},
        )
