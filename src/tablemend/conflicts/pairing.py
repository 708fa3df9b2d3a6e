"""Which rows are pairs that a rule may hold of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tablemend.conflicts import travel
from tablemend.conflicts.ruleset import Ruleset, Side
from tablemend.conflicts.sweep import BLOCK, Entries, Numbers, Pairs, meetings

if TYPE_CHECKING:
    import pyarrow as pa

DAY = 86_400_000_000
MINUTE = 60_000_000
"""In microseconds."""

HOME, NEXT, BEFORE = 0, 1, -1
"""Whether an entry stands in the bucket of its own date, or of a neighbour whose midnight it touches."""


class _Rows(NamedTuple):
    """What pairing must know of the rows that are judged; arrays of one length."""

    place: Numbers  # in the prepared table
    entity: Numbers  # numbered from 0
    scope: Numbers  # days since 1970
    code: Numbers  # of the column that must differ; a number of its own for each row where there is none


class _Listed(NamedTuple):
    """Entries, and which row each is of."""

    entries: Entries
    row: Numbers
    stands: Numbers  # HOME, NEXT or BEFORE
    onward: Any  # whether its row also stands in the bucket of the next date


def pairs(rules: Ruleset, table: pa.Table, *, block: int = BLOCK) -> Iterator[Pairs]:
    """Places of rows in a prepared table, the smaller first in each pair, in blocks; each pair once.

    What overlaps, begins at once or follows within the longest way of its people and date; which rules hold is judged
    afterwards.
    """
    rows = _rows(rules, table)
    if not len(rows.place) or not rules.of_pairs:
        return
    listed = _listed(rules, table, rows)
    several = bool(len(listed.row)) and np.bincount(listed.row[listed.stands == HOME]).max() > 1
    met = _met(listed, rows, block)
    if not several:
        yield from _gathered(met, block)
        return
    numbers = [low * table.num_rows + high for low, high in met]
    if numbers:
        found = np.unique(np.concatenate(numbers))
        yield found // table.num_rows, found % table.num_rows


def _met(listed: _Listed, rows: _Rows, block: int) -> Iterator[Pairs]:
    """Places of the rows whose entries meet as they are meant to."""
    for first, second in meetings(listed.entries, block=block):
        keep = _meant(listed, first, second)
        one, other = rows.place[listed.row[first[keep]]], rows.place[listed.row[second[keep]]]
        yield np.minimum(one, other), np.maximum(one, other)


def _gathered(found: Iterator[Pairs], block: int) -> Iterator[Pairs]:
    """The pairs in blocks that are worth a statement each."""
    waiting: list[Pairs] = []
    for each in found:
        waiting.append(each)
        if sum(len(one) for one, _ in waiting) >= block:
            yield _joined(waiting)
            waiting = []
    if any(len(one) for one, _ in waiting):
        yield _joined(waiting)


def _joined(found: list[Pairs]) -> Pairs:
    one, other = (np.concatenate(each) for each in zip(*found, strict=True))
    return one, other


def _rows(rules: Ruleset, table: pa.Table) -> _Rows:
    import pyarrow.compute as pc

    place = np.flatnonzero(pc.is_null(table["left_out"]).to_numpy(zero_copy_only=False))
    judged = table.select(["entity", "scope", "differ"]).take(place)
    code = coded(judged["differ"])[0] if rules.differ else np.arange(len(place))
    return _Rows(place, coded(judged["entity"])[0], days(judged["scope"]), code)


def coded(column: pa.ChunkedArray) -> tuple[Numbers, pa.Array]:
    """Equal values by one number from 0, and what the numbers stand for; those of missing values mean nothing."""
    encoded = column.combine_chunks().dictionary_encode()
    return encoded.indices.fill_null(0).to_numpy().astype(np.int64), encoded.dictionary


def days(column: pa.ChunkedArray) -> Numbers:
    """Dates in days since 1970; those of missing dates mean nothing."""
    found: Numbers = column.cast("int32").fill_null(0).to_numpy().astype(np.int64)
    return found


def _listed(rules: Ruleset, table: pa.Table, rows: _Rows) -> _Listed:
    """An entry for each interval of each row that a rule looks at, and again where it touches a midnight."""
    sides = dict.fromkeys(side for rule in rules.of_pairs for side in rule.sides)
    parts = [_of_side(rules, table, rows, side) for side in sides]
    row, start, end, travels = (np.concatenate(each) for each in zip(*parts, strict=True))
    stands = np.full(len(row), HOME)
    onward = np.zeros(len(row), np.bool_)
    if rules.options.across_midnight:
        opens = rows.scope[row] * DAY
        onward = end >= opens + DAY
        back = start <= opens
        chosen = [np.arange(len(row)), np.flatnonzero(onward), np.flatnonzero(back)]
        stands = np.repeat([HOME, NEXT, BEFORE], [len(each) for each in chosen])
        again = np.concatenate(chosen)
        row, start, end, travels, onward = (each[again] for each in (row, start, end, travels, onward))
    day = rows.scope[row] + stands
    bucket = rows.entity[row] * (int(day.max() - day.min()) + 1 if len(day) else 1) + (
        day - day.min() if len(day) else 0
    )
    entries = Entries(bucket, rows.code[row], start, end, _reach(rules, table, rows, row, bucket, travels))
    return _Listed(entries, row, stands, onward)


def _of_side(rules: Ruleset, table: pa.Table, rows: _Rows, side: Side) -> tuple[Any, ...]:
    """Row, start, end of what a side of a rule looks at, and whether a way is judged from it."""
    import pyarrow.compute as pc

    there = table[f"{side.interval}_complete"]
    if side.state:
        there = pc.and_(there, table[f"is_{side.state}"])
    row = np.flatnonzero(there.to_numpy(zero_copy_only=False)[rows.place])
    ends = table.select([f"{side.interval}_start", f"{side.interval}_end"]).take(rows.place[row])
    start, end = (ends.column(each).cast("timestamp[us]").cast("int64").to_numpy() for each in (0, 1))
    travels = any(rule.test == "travel" and side in rule.sides for rule in rules.active)
    return row, start, end, np.full(len(row), travels)


def _reach(rules: Ruleset, table: pa.Table, rows: _Rows, row: Numbers, bucket: Numbers, travels: Any) -> Numbers:
    """How long after its end another entry may begin and still be too far away: by how far its bucket is spread."""
    found = np.full(len(row), -1, np.int64)
    moving = np.flatnonzero(travels)
    if rules.travel is None or not len(moving):
        return found
    order = moving[np.argsort(bucket[moving], kind="stable")]
    firsts = np.flatnonzero(np.append(True, bucket[order][1:] != bucket[order][:-1]))
    spread = []
    for axis in ("latitude", "longitude"):
        ends = [table[f"{end}_{axis}"].take(rows.place[row[order]]).to_numpy() for end in ("leave", "arrive")]
        known = np.isfinite(ends[0]) | np.isfinite(ends[1])
        high = np.maximum.reduceat(np.fmax(*(np.where(known, each, -np.inf) for each in ends)), firsts)
        low = np.minimum.reduceat(np.fmin(*(np.where(known, each, np.inf) for each in ends)), firsts)
        spread += [high, low]
    none = ~np.isfinite(spread[0]) | ~np.isfinite(spread[2])  # nobody's place is known
    minutes = travel.reach(rules.travel, *(np.where(none, 0.0, each) for each in spread))
    sizes = np.diff(np.append(firsts, len(order)))
    found[order] = np.repeat(np.where(none, -1, np.ceil(minutes) * MINUTE + MINUTE).astype(np.int64), sizes)
    return found


def _meant(listed: _Listed, first: Numbers, second: Numbers) -> Any:
    """Which meetings are pairs: both at home, or one of them across its midnight.

    Where each of two rows touches the midnight between them they meet in both buckets; the later one counts.
    """
    one, other = listed.stands[first], listed.stands[second]
    home = (one == HOME) & (other == HOME)
    later = (one + other == NEXT) & (one * other == 0)
    earlier = (one + other == BEFORE) & (one * other == 0) & ~listed.onward[np.where(one == HOME, first, second)]
    return (home | later | earlier) & (listed.row[first] != listed.row[second])
