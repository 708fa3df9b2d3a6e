"""How a table differs from its previous version: volume, schema and distribution, from two profiles."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from tablemend.quality.checks.subject import identity
from tablemend.quality.thresholds import DEFAULT, Thresholds
from tablemend.quality.vocabulary import CHECKS
from tablemend.records import ColumnProfile, Finding, Profile

_SHARES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
_LEAST = 1e-4
"""Share that an empty bin counts as, so that the index stays finite."""


def drift(previous: Profile, current: Profile, *, settings: Thresholds = DEFAULT) -> tuple[Finding, ...]:
    """Findings about the whole table or column; they name no rows, and the score does not weigh them."""
    volume = _volume(previous, current, settings)
    return (*volume, *_schema(previous, current), *_values(previous, current, settings))


def _finding(columns: Sequence[str], what: str, message: str, **params: object) -> Finding:
    kind = CHECKS["drift"]
    return Finding(
        id=identity("drift", columns, what),
        check="drift",
        dimension=kind.dimension,
        columns=tuple(columns),
        severity=kind.severity,
        status="failed",
        cells=0,
        rows=0,
        message=message,
        sql="",
        params={"what": what, **params},
    )


def _volume(previous: Profile, current: Profile, limits: Thresholds) -> Iterator[Finding]:
    change = abs(current.rows - previous.rows) / max(previous.rows, 1)
    if change > limits.volume_change:
        message = f"The table has {current.rows} rows, {previous.rows} before"
        yield _finding((), "volume", message, before=previous.rows, after=current.rows)


def _schema(previous: Profile, current: Profile) -> Iterator[Finding]:
    before = {column.name: column for column in previous.columns}
    after = {column.name: column for column in current.columns}
    for name in before.keys() - after.keys():
        yield _finding((), f"column {name} gone", f"The column {name} is gone")
    for name in after.keys() - before.keys():
        yield _finding((name,), "new column", f"The column {name} is new")
    for name in before.keys() & after.keys():
        old, new = before[name].type, after[name].type
        if old != new and "empty" not in (before[name].semantic, after[name].semantic):
            yield _finding((name,), "type", f"{name} is of type {new}, {old} before", before=old, after=new)


def _values(previous: Profile, current: Profile, limits: Thresholds) -> Iterator[Finding]:
    before = {column.name: column for column in previous.columns}
    for column in current.columns:
        old = before.get(column.name)
        if old is None or min(old.rows, column.rows) < limits.inference_values:
            continue
        yield from _missing(old, column, limits)
        index = stability(old, column)
        if index is not None and index > limits.population_shift:
            yield _finding((column.name,), "distribution", f"The values of {column.name} have shifted", index=index)


def _missing(old: ColumnProfile, new: ColumnProfile, limits: Thresholds) -> Iterator[Finding]:
    before, after = (1 - _filled(each) / each.rows for each in (old, new))
    if abs(after - before) > limits.missing_change:
        message = f"{after:.0%} of {new.name} is missing, {before:.0%} before"
        yield _finding((new.name,), "missing", message, before=before, after=after)


def _filled(column: ColumnProfile) -> int:
    return column.rows - column.nulls - column.blanks - column.disguised


def stability(old: ColumnProfile, new: ColumnProfile) -> float | None:
    """Population stability index (Siddiqi 2006) over quantile bins or categories; None where neither is known.

    The quantiles of a profile are joined by straight lines, so the index of numbers is close, not exact.
    """
    if old.quantiles and new.quantiles and old.semantic != "identifier":
        cuts = old.quantiles
        return _index(_shares(old, cuts), _shares(new, cuts))
    if old.semantic == new.semantic == "category":
        names = [each.value for each in old.top]
        return _index(_categories(old, names), _categories(new, names))
    return None


def _shares(column: ColumnProfile, cuts: Sequence[float]) -> list[float]:
    edges = [0.0, *(_below(column, cut) for cut in cuts), 1.0]
    return [high - low for low, high in pairwise(edges)]


def _below(column: ColumnProfile, cut: float) -> float:
    """The share of the column's values up to `cut`, by linear interpolation between its quantiles."""
    points = [float(column.minimum or 0), *column.quantiles, float(column.maximum or 0)]
    place = bisect_right(points, cut)
    if place == 0:
        return 0.0
    if place == len(points):
        return 1.0
    low, high = points[place - 1], points[place]
    return _SHARES[place - 1] + (cut - low) / (high - low) * (_SHARES[place] - _SHARES[place - 1])


def _categories(column: ColumnProfile, names: Sequence[str]) -> list[float]:
    counts = {each.value: each.n for each in column.top}
    total = max(_filled(column), 1)
    listed = [counts.get(name, 0) / total for name in names]
    return [*listed, max(0.0, 1 - sum(listed))]


def _index(before: Sequence[float], after: Sequence[float]) -> float:
    pairs = ((max(old, _LEAST), max(new, _LEAST)) for old, new in zip(before, after, strict=True))
    return sum((new - old) * math.log(new / old) for old, new in pairs)
