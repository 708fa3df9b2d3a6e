"""Plausibility: values that could be, but hardly are. Shown, never weighted in the score."""

import math
from collections.abc import Iterator
from statistics import NormalDist

from tablemend.engine import sql
from tablemend.quality.checks.completeness import sentinels
from tablemend.quality.checks.subject import NUMERIC, Subject, cell, filled, make
from tablemend.quality.expressions import number
from tablemend.quality.thresholds import Thresholds
from tablemend.records import Check, ColumnProfile

_QUARTILE_Z = 0.6745
_IQR_Z = 1.349
_LARGEST_EXPONENT = 700.0
"""Quartile and interquartile range of the standard normal distribution."""


def derive(subject: Subject) -> Iterator[Check]:
    """`outlier` for measured numbers, `rare_category` for categories."""
    for column in subject.profile.columns:
        if column.type in NUMERIC:
            yield from outlier_checks(subject, column)
        elif column.semantic == "category":
            yield from _rare(subject, column)


def fences(subject: Subject, column: ColumnProfile, value: str) -> tuple[float, float] | None:
    """The wider, on each side, of Tukey's outer fences and the median/MAD bound of an expression over `value`.

    None where the bulk has no spread. Tukey's factor grows with the number of cells so that normal data are expected
    to hold less than one outlier.
    """
    quartiles = subject.quantiles(column.name, value, (0.25, 0.5, 0.75))
    if not quartiles or quartiles[2] == quartiles[0]:
        return None
    lower, median, upper = quartiles
    (mad,) = subject.quantiles(column.name, f"abs({value} - ({median!r}))", (0.5,))
    reach = tukey_factor(filled(column), subject.limits) * (upper - lower)
    spread = subject.limits.modified_z * mad / _QUARTILE_Z
    return min(lower - reach, median - spread), max(upper + reach, median + spread)


def tukey_factor(cells: int, limits: Thresholds) -> float:
    """Interquartile ranges beyond the quartiles that fewer than half a cell of normal data would pass."""
    tail = NormalDist().inv_cdf(1 - 0.25 / max(cells, 1))
    return max(limits.tukey_factor, (tail - _QUARTILE_Z) / _IQR_Z)


def suspected(column: ColumnProfile, limits: Thresholds) -> bool:
    """Whether the column measures something, and its extremes pass Tukey's fences at all."""
    if column.type not in NUMERIC or column.semantic == "identifier" or column.distinct < 10:
        return False
    if filled(column) < limits.inference_values:
        return False
    _, lower, _, upper, _ = column.quantiles
    reach = limits.tukey_factor * (upper - lower)
    return float(column.minimum or 0) < lower - reach or float(column.maximum or 0) > upper + reach


def outlier_checks(subject: Subject, column: ColumnProfile) -> Iterator[Check]:
    """A positive, skewed column must also be far out on the logarithmic scale, where its tail is natural."""
    if not suspected(column, subject.limits):
        return
    bounds = combined_fences(subject, column)
    if bounds is None:
        return
    low, high = bounds
    excluded = sentinels(subject, column)
    value = number("value")
    skip = f" AND trim(value) NOT IN ({sql.literals(excluded)})" if excluded else ""
    (outside,) = subject.cells(column.name, f"{value} NOT BETWEEN {low!r} AND {high!r}{skip}")
    if outside > subject.limits.outlier_share * filled(column):
        return
    skip = skip.replace("trim(value)", f"trim({cell(column)})")
    yield make(
        "outlier",
        [column.name],
        predicate=f"{number(cell(column))} NOT BETWEEN {low!r} AND {high!r}{skip}",
        params={"low": low, "high": high},
        message=f"{column.name} is far outside {low:.6g} to {high:.6g}",
    )


def combined_fences(subject: Subject, column: ColumnProfile) -> tuple[float, float] | None:
    """Fences on the scale of the numbers, widened to those of their logarithms where nearly all are positive.

    Where zeros are common the logarithm is that of one more, which suits counts.
    """
    bounds = fences(subject, column, number("value"))
    if bounds is None:
        return None
    positive, counted = subject.cells(column.name, f"{number('value')} > 0", f"{number('value')} >= 0")
    needed = subject.limits.sign_share * filled(column)
    if counted < needed:
        return bounds
    shift = 0 if positive >= needed else 1
    logarithm = f"CASE WHEN {number('value')} > -{shift} THEN ln({number('value')} + {shift}) END"
    logarithmic = fences(subject, column, logarithm)
    if logarithmic is None:
        return bounds
    low, high = (math.exp(min(each, _LARGEST_EXPONENT)) - shift for each in logarithmic)
    return min(bounds[0], low), max(bounds[1], high)


def _rare(subject: Subject, column: ColumnProfile) -> Iterator[Check]:
    """Categories below `rare_share`, if a gap of `rare_gap` divides them from the next more frequent one."""
    counts = subject.session.rows(
        f"SELECT value, n FROM {subject.source(column.name)} WHERE value IS NOT NULL ORDER BY n, value"
    )
    limit = subject.limits.rare_share * filled(column)
    rare = [value for value, n in counts if n <= limit]
    common = [n for _, n in counts if n > limit]
    if rare and common and min(common) >= subject.limits.rare_gap * max(n for _, n in counts if n <= limit):
        yield make(
            "rare_category",
            [column.name],
            predicate=f"{cell(column)} IN ({sql.literals(rare)})",
            params={"values": rare},
            message=f"{column.name} holds a category that hardly any other row has",
        )
