"""How many rows a batch has: a fixed number, or one that follows the latency."""

from __future__ import annotations

from tablemend.errors import SettingsError
from tablemend.records import Record

MOST = 10_000_000
"""Most rows of a batch: more would not stream any more."""


class Adaptive(Record, frozen=True, kw_only=True):
    """Sizes such that a batch takes about `seconds`."""

    seconds: float = 0.25  # long beside a round trip, short beside a person's patience and the locks of others
    first: int = 1_000  # rows of the first batch
    least: int = 10
    most: int = 100_000

    def __post_init__(self) -> None:
        if self.seconds <= 0:
            raise SettingsError(f"a batch cannot take {self.seconds:g} seconds", hint="Give a number above 0.")
        if not 1 <= self.least <= self.first <= self.most <= MOST:
            raise SettingsError(
                f"adaptive batches of {self.least:,} to {self.most:,} rows, at first {self.first:,}, cannot be",
                hint=f"Give 1 <= least <= first <= most <= {MOST:,}.",
            )


class Sizing:
    """The size of the next batch."""

    def __init__(self, size: int | Adaptive) -> None:
        self._rule = size if isinstance(size, Adaptive) else None
        self.size = size.first if isinstance(size, Adaptive) else size

    def done(self, rows: int, seconds: float) -> None:
        """Learn from a batch that was committed: half of the way to the right size, and never more than doubled."""
        if self._rule is None:
            return
        ideal = rows * self._rule.seconds / max(seconds, 1e-6)
        self._bound((self.size + max(self.size / 2, min(self.size * 2, ideal))) / 2)

    def slow(self) -> None:
        """Learn from a batch that ran out of time."""
        if self._rule is not None:
            self._bound(self.size / 2)

    def _bound(self, size: float) -> None:
        if self._rule is not None:
            self.size = round(max(self._rule.least, min(self._rule.most, size)))
