"""A batch: rows of the source that lie side by side, and where they lie."""

from __future__ import annotations

from typing import Any

from tablemend.records import Record


class Batch(Record, frozen=True, kw_only=True):
    """Rows that are worked on together; `len` is their number."""

    job: str = ""
    first: int  # position of the first row in the source, from 0
    rows: Any  # an Arrow table where the source is Arrow data, else a tuple

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def end(self) -> int:
        """Position after the last row."""
        return self.first + len(self)

    @property
    def key(self) -> str:
        """Idempotency key: the same for the same rows of the same job, in every attempt."""
        return f"{self.job}:{self.first}+{len(self)}"

    def part(self, start: int, stop: int) -> Batch:
        """Some of the rows, by their places in this batch, without copying Arrow data."""
        rows = self.rows[start:stop] if isinstance(self.rows, tuple) else self.rows.slice(start, stop - start)
        return Batch(job=self.job, first=self.first + start, rows=rows)

    def halves(self) -> tuple[Batch, Batch]:
        """The batch in two."""
        middle = len(self) // 2
        return self.part(0, middle), self.part(middle, len(self))
