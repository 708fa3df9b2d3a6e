"""What rows are like, as far as it decides how well they can be judged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tablemend.conflicts.ruleset import Ruleset
from tablemend.engine.sql import name as quoted
from tablemend.records import Record

if TYPE_CHECKING:
    from tablemend.engine.duckdb import Session

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


def tally(session: Session, rules: Ruleset, relation: str) -> Tally:
    """Count the rows of a prepared relation."""
    counts = _counts(rules)
    columns = ", ".join(f"count(*) FILTER ({condition})" for condition in counts.values())
    rows, *counted = session.one(f"SELECT count(*), {columns} FROM {quoted(relation)}")
    reasons = session.rows(
        f"SELECT left_out, count(*) FROM {quoted(relation)} WHERE left_out IS NOT NULL GROUP BY 1 ORDER BY 1"
    )
    crowded = session.rows(
        f"""
WITH days AS (
  SELECT entity, scope, count(*) AS together FROM {quoted(relation)} WHERE left_out IS NULL GROUP BY entity, scope),
people AS (SELECT entity, sum(together) AS rows, max(together) AS most FROM days GROUP BY entity)
SELECT CAST(entity AS VARCHAR), rows, most FROM people
WHERE most > {CROWDED} OR rows >= greatest({MANY}, {TIMES} * (SELECT median(rows) FROM people))
ORDER BY rows DESC, entity LIMIT {LISTED}"""
    )
    return Tally(
        rows=rows,
        left_out=dict(reasons),
        suspicious=tuple(Suspicious(entity=each[0], rows=int(each[1]), most=each[2]) for each in crowded),
        **dict(zip(counts, counted, strict=True)),
    )


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
    crowd = sorted((one for each in found for one in each.suspicious), key=lambda one: (-one.rows, one.entity))
    return Tally(
        left_out=dict(sorted(left_out.items())),
        suspicious=tuple(crowd[:LISTED]),
        periods=sum(periods) if periods else None,
        **numbers,
    )
