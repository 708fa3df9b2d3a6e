"""What a job has settled: written with the data, so that a job that is taken up again repeats and loses nothing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from tablemend.records import Record

if TYPE_CHECKING:
    from tablemend.batching.attempt import Attempt
    from tablemend.batching.batch import Batch
    from tablemend.batching.outcome import Rejection


class Settled(Record, frozen=True, kw_only=True):
    """Rows side by side whose outcomes are committed."""

    first: int  # position of the first row in the source, from 0
    rows: int
    inserted: int = 0
    updated: int = 0
    skipped: int = 0
    rejected: int = 0


class Ledger(Protocol):
    """Keeps what a job has settled where its data goes; safe for threads, and picklable for work in processes."""

    def begin(self, job: str) -> Sequence[Settled]:
        """Take the job over and give what it has settled, in the order of positions; StateError for another source."""

    def transaction(self, batch: Batch, attempt: Attempt) -> AbstractContextManager[Any]:
        """A transaction of an attempt: committed at the end of the block, taken back where it raises."""

    def settle(self, transaction: Any, batch: Batch, settled: Settled, rejections: Sequence[Rejection]) -> None:
        """Write down, in the transaction, the outcomes of a batch; raises where the batch was settled already."""

    def find(self, batch: Batch) -> Settled | None:
        """What became of a batch whose commit nobody saw end."""

    def finish(self, job: str, status: str) -> None:
        """Note how the job ended: completed, partial, stopped or cancelled."""
