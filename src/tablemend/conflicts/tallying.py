"""What rows are like, as far as it decides how well they can be judged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from tablemend.conflicts.crowding import Crowds, touching
from tablemend.conflicts.ruleset import Ruleset
from tablemend.conflicts.sweep import firsts
from tablemend.engine.sql import name as quoted
from tablemend.records import Record

if TYPE_CHECKING:
    import pyarrow as pa

CROWDED = 24
"""More rows of one entity in one scope than a day has hours: nobody's own, but a placeholder's."""
MANY, TIMES = 100, 25
"""So are at least so many rows that are so many times those of the entity in the middle."""


LISTED = 100
"""Suspicious entities that are told, those with most rows."""


class Suspicious(Record, frozen=True, kw_only=True):
    """An entity under which rows of several stand."""

    entity: str  # as it is kept, never in clear
    rows: int
    most: int  # rows in one scope


class Tally(Record, frozen=True, kw_only=True):
    """Counts of rows, and of the periods beside them; `judged` and those of `left_out` add up to `rows`."""

    rows: int = 0
    judged: int = 0
    left_out: dict[str, int] = {}  # reason → rows
    status_missing: int = 0  # kept all the same
    half: int = 0  # an interval with one end only
    backwards: int = 0  # an interval that ends before it begins
    unreadable: int = 0  # an end that is no time
    unplaced: int = 0  # no place known at the beginning or the end
    misplaced: int = 0  # coordinates that are nowhere
    unruled: int = 0  # judged, but of which no rule can hold
    periods: int | None = None  # read beside the rows; None where no rule asks for them
    unclear: int = 0  # periods without an entity, or whose ends are no times in their order
    suspicious: tuple[Suspicious, ...] = ()


def outline(rules: Ruleset, query: str) -> str:
    """The SELECT that tells of each prepared row, in its order, what pairing and counting must know of it."""
    wanted = touching(rules) | _counts(rules)
    counted = ", ".join(f"{condition} AS {quoted(name)}" for name, condition in wanted.items())
    return f"SELECT n, scope, differ, left_out, {counted} FROM ({query})"


def tally(rules: Ruleset, seen: pa.Table, groups: Crowds) -> Tally:
    """Count the rows of an outline."""
    import pyarrow.compute as pc

    counts = {name: int(pc.sum(seen[name]).as_py() or 0) for name in _counts(rules)}
    reasons = pc.value_counts(seen["left_out"].drop_null()).to_pylist()
    return Tally(
        rows=seen.num_rows,
        left_out={each["values"]: each["counts"] for each in sorted(reasons, key=lambda each: str(each["values"]))},
        suspicious=_suspicious(groups),
        **counts,
    )


def _suspicious(groups: Crowds) -> tuple[Suspicious, ...]:
    """Entities under which more stand than one can be, those with most rows first."""
    import pyarrow as pa

    if not len(groups.sizes):
        return ()
    begins = firsts(groups.entity)
    rows, most = np.add.reduceat(groups.sizes, begins), np.maximum.reduceat(groups.sizes, begins)
    chosen = np.flatnonzero((most > CROWDED) | (rows >= max(MANY, TIMES * float(np.median(rows)))))
    names = groups.names.take(pa.array(groups.entity[begins][chosen])).cast(pa.string()).to_pylist()
    found = [
        Suspicious(entity=name, rows=int(rows[place]), most=int(most[place]))
        for name, place in zip(names, chosen, strict=True)
    ]
    return tuple(sorted(found, key=_largest)[:LISTED])


def _largest(each: Suspicious) -> tuple[int, str]:
    return -each.rows, each.entity


def _counts(rules: Ruleset) -> dict[str, str]:
    """Name of a count → the condition of a row that it counts."""
    ruled = dict.fromkeys(side for rule in rules.active for side in rule.sides)
    can = " OR ".join(
        f"({quoted(f'{side.interval}_complete')}{f' AND is_{side.state}' if side.state else ''})" for side in ruled
    )
    counts = {
        "judged": "left_out IS NULL",
        "status_missing": "left_out IS NULL AND status IS NULL" if rules.exclude.column else "FALSE",
        "unruled": f"left_out IS NULL AND NOT ({can or 'FALSE'})",
        **{key: _any(rules, key) for key in ("half", "backwards", "unreadable")},
        "unplaced": "FALSE",
        "misplaced": "FALSE",
    }
    if rules.travel is not None:
        counts["unplaced"] = "left_out IS NULL AND (leave_from IS NULL OR arrive_from IS NULL)"
        counts["misplaced"] = "left_out IS NULL AND impossible_places"
    return counts


def _any(rules: Ruleset, what: str) -> str:
    return f"left_out IS NULL AND ({' OR '.join(quoted(f'{name}_{what}') for name in rules.intervals)})"


def total(parts: Iterable[Tally]) -> Tally:
    """The sum of several."""
    found = list(parts)
    left_out: dict[str, int] = {}
    for each in found:
        for reason, rows in each.left_out.items():
            left_out[reason] = left_out.get(reason, 0) + rows
    numbers = {
        name: sum(getattr(each, name) for each in found)
        for name in Tally.__struct_fields__
        if name not in ("left_out", "suspicious", "periods")
    }
    periods = [each.periods for each in found if each.periods is not None]
    crowd = sorted((one for each in found for one in each.suspicious), key=_largest)
    return Tally(
        left_out=dict(sorted(left_out.items())),
        suspicious=tuple(crowd[:LISTED]),
        periods=sum(periods) if periods else None,
        **numbers,
    )
