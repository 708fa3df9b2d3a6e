"""What became of the rows that were handed to a bulk change."""

from __future__ import annotations

from typing import Any

from tablemend.errors import CountMismatch
from tablemend.records import Record


class Outcome(Record, frozen=True, kw_only=True):
    """One outcome for each row; building one whose outcomes do not add up raises CountMismatch."""

    total: int  # rows handed over
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    conflicts: int = 0  # rows left alone because an old value no longer holds
    missing: int = 0  # rows whose key the table does not have
    conflict_keys: Any  # Arrow table of the key columns, in the order of the data
    missing_keys: Any  # Arrow table of the key columns, in the order of the data

    def __post_init__(self) -> None:
        parts = {name: getattr(self, name) for name in ("inserted", "updated", "deleted", "conflicts", "missing")}
        listed = (self.conflict_keys.num_rows, self.missing_keys.num_rows)
        if sum(parts.values()) != self.total or listed != (self.conflicts, self.missing):
            raise CountMismatch(
                f"{self.total:,} rows were handed over, but the database counted {parts} and listed {listed[0]:,}"
                f" conflicts and {listed[1]:,} missing rows.",
                hint="Nothing is kept; a trigger or a rule of the table may drop or add rows.",
            )
