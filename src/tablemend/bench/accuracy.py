"""How right a heal was: every cell before and after, against the truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pyarrow as pa

from tablemend.records import Record
from tablemend.tables.sample.orders import Generated


class Part(Record, frozen=True, kw_only=True):
    """Cells of one check, or of one kind of fault, and how many of them are right now."""

    name: str
    cells: int
    right: int

    @property
    def share(self) -> float:
        """Precision of a check, recall of a kind of fault."""
        return self.right / self.cells


class Accuracy(Record, frozen=True, kw_only=True):
    """Counts of cells in the rows that are left."""

    changed: int
    wrong: int  # before
    right: int  # changed to the truth
    checks: tuple[Part, ...]  # changed cells by the check that found them
    kinds: tuple[Part, ...]  # wrong cells by kind of fault
    removed: int  # rows
    removed_rightly: int  # rows whose original is still there

    @property
    def precision(self) -> float:
        """Share of the changed cells that became right; 1 where none was changed."""
        return self.right / self.changed if self.changed else 1.0

    @property
    def recall(self) -> float:
        """Share of the wrong cells that became right; 1 where none was wrong."""
        return self.right / self.wrong if self.wrong else 1.0


def measure(made: Generated, healed: pa.Table, changes: pa.Table, checks: Mapping[str, str]) -> Accuracy:
    """Compare a healed version (`_row` first) with the truth; `checks` names the check of each repair."""
    left = [row - 1 for row in healed["_row"].to_pylist()]
    by = {(each["row"] - 1, each["column"]): checks[each["repair"]] for each in changes.to_pylist()}
    kinds = {(fault.row, fault.column): fault.kind for fault in made.faults}
    origins = made.origins()
    tally = _Tally()
    for column in made.dirty.column_names:
        before, truth = made.dirty[column].to_pylist(), made.clean[column].to_pylist()
        for row, after in zip(left, healed[column].to_pylist(), strict=True):
            right = truth[origins[row]]
            tally.kinds[kinds.get((origins[row], column), "")] += before[row] != right
            if before[row] != after:
                tally.changed[by[row, column]] += 1
                tally.right[by[row, column]] += after == right
                tally.mended[kinds.get((origins[row], column), "")] += after == right
    return _accuracy(tally, left, origins)


class _Tally:
    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.mended: Counter[str] = Counter()
        self.changed: Counter[str] = Counter()
        self.right: Counter[str] = Counter()


def _accuracy(tally: _Tally, left: list[int], origins: list[int]) -> Accuracy:
    kept = {origins[row] for row in left}
    gone = set(range(len(origins))) - set(left)
    return Accuracy(
        changed=tally.changed.total(),
        wrong=tally.kinds.total(),
        right=tally.right.total(),
        checks=_parts(tally.changed, tally.right),
        kinds=_parts(tally.kinds, tally.mended),
        removed=len(gone),
        removed_rightly=sum(origins[row] in kept for row in gone),
    )


def _parts(cells: Counter[str], right: Counter[str]) -> tuple[Part, ...]:
    return tuple(Part(name=name, cells=count, right=right[name]) for name, count in cells.most_common() if count)
