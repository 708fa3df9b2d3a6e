"""What became of rows: of one batch, of the rejected ones, of a whole job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from tablemend.batching.batch import Batch
from tablemend.errors import StateError, WrongOutcome
from tablemend.records import Record


class Done(Record, frozen=True, kw_only=True):
    """What a batch function did; the outcomes add up to the rows of its batch."""

    inserted: int = 0
    updated: int = 0
    skipped: int = 0  # found as they should be, so nothing was written
    rejected: Mapping[int, str] = {}  # place in the batch → why that row was not taken


class Rejection(Record, frozen=True, kw_only=True):
    """A row that was not taken."""

    position: int  # in the source, from 0
    reason: str
    row: Any  # of Arrow data a dict by column, else the row itself


class Unfinished(Record, frozen=True, kw_only=True):
    """Rows that no outcome was reached for: the next run of the job takes them up."""

    first: int  # position of the first row in the source, from 0
    rows: int
    reason: str


Status = Literal["running", "completed", "partial", "stopped", "cancelled"]


class Report(Record, frozen=True, kw_only=True):
    """How far a job has come; `total` is the rows read, and each has one outcome."""

    job: str = ""
    status: Status  # partial: the source is through, but rows were rejected or left
    total: int  # rows read of the source, with those that earlier runs settled
    inserted: int = 0
    updated: int = 0
    skipped: int = 0
    rejected: int = 0
    left: int = 0  # without an outcome: at work, or to be taken up by the next run
    resumed: int = 0  # of the rows with an outcome, those that earlier runs settled
    batches: int = 0  # committed by this run, parts of bisected ones counted one by one
    attempts: int = 0
    retries: int = 0
    bisections: int = 0
    timeouts: int = 0
    errors: dict[str, int] = {}  # class of error → attempts that it ended
    seconds: float = 0.0
    rejections: tuple[Rejection, ...] = ()  # the first ones of this run, in the order in which they came
    unfinished: tuple[Unfinished, ...] = ()  # the first ones

    def __post_init__(self) -> None:
        found = self.inserted + self.updated + self.skipped + self.rejected + self.left
        if found != self.total:
            raise StateError(f"{self.total:,} rows were read, but the outcomes add up to {found:,}")

    @property
    def rate(self) -> float:
        """Rows that this run inserted, updated or skipped, each second."""
        done = self.inserted + self.updated + self.skipped + self.rejected - self.resumed
        return done / self.seconds if self.seconds > 0 else 0.0


def checked(done: Any, batch: Batch) -> Done:
    """What a batch function returned; WrongOutcome where it cannot be true of its batch."""
    if not isinstance(done, Done):
        raise WrongOutcome(
            f"the batch function returned {_short(done)} for {len(batch):,} rows",
            hint="Return Done(inserted=…, updated=…, skipped=…, rejected={place: reason}).",
        )
    counts = {"inserted": done.inserted, "updated": done.updated, "skipped": done.skipped}
    wrong = [name for name, n in counts.items() if not isinstance(n, int) or n < 0]
    outside = [place for place in done.rejected if not isinstance(place, int) or not 0 <= place < len(batch)]
    total = sum(counts.values()) + len(done.rejected) if not wrong else 0
    if wrong or outside or total != len(batch):
        what = (
            f"{counts[wrong[0]]!r} rows {wrong[0]}"
            if wrong
            else f"row {outside[0]!r} as rejected"
            if outside
            else f"{total:,} outcomes"
        )
        raise WrongOutcome(
            f"the batch function reported {what} for {len(batch):,} rows",
            hint="Each row of the batch has exactly one outcome.",
        )
    return done


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:80]}…"


def rejection(batch: Batch, place: int, reason: str) -> Rejection:
    """The rejection of a row by its place in a batch."""
    row = batch.rows[place] if isinstance(batch.rows, tuple) else batch.rows.slice(place, 1).to_pylist()[0]
    return Rejection(position=batch.first + place, reason=reason, row=row)
