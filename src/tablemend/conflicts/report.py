"""What a run over conflicts found and wrote."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from tablemend.conflicts.job import Part
from tablemend.conflicts.tallying import Tally
from tablemend.records import Record


class ConflictsRun(Record, frozen=True, kw_only=True):
    """A finished run; `rows` were read, `saved` were left out by the database itself."""

    run: str
    ruleset: str
    source: str
    target: str
    status: Literal["completed", "partial", "failed"]
    dry: bool = False
    incremental: bool = False  # only what has changed since an earlier run was judged
    changed: int = 0  # rows that had, where the run is incremental
    why_full: str = ""  # why everything was judged although only changes were asked for
    started: datetime
    seconds: float
    parts: tuple[Part, ...]
    rows: int
    saved: int
    conflicts: int
    unchanged: int
    counts: dict[str, int]  # action → conflicts written, or to be written where the run is dry
    left: int = 0  # changed by others meanwhile
    tally: Tally
    review: dict[str, int] = {}  # items that were put up, and what the gate made of them

    @property
    def done(self) -> int:
        """Partitions that were judged, by this run or the one that it takes up."""
        return sum(each.outcome != "failed" for each in self.parts)

    @property
    def written(self) -> int:
        """Conflicts that were written."""
        return sum(self.counts.values())

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it; entities stand as hashes."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        for part in found["parts"]:
            part.pop("entities", None)
            part.pop("tally", None)
        return found | {"done": self.done, "written": self.written}
