"""An order of rows and columns in which those that are alike stand together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.cluster import hierarchy

from tablemend.explore.chunks import CHUNK, Floats, Integers, Mask, Matrix, checked
from tablemend.explore.leaves import closest

JOINT = 3
"""Cells that two rows must both have: through two there is always a line."""

MOST_LEAVES = 1_000
"""Up to so many rows the order of the leaves is the best one."""

CONSTANT = 1e-10
"""Rows that vary less than this share of their distance from their mean do not: what products in 64 bits can tell."""

DIGITS = 12
"""Of distances, so that the last bits of a product do not decide which of equal ones comes first."""

AS_GIVEN, CLUSTERED, BEST = "as given", "clustered", "clustered, leaves in the best order"
"""How an order came about."""


class Side(NamedTuple):
    """The order of one side of a matrix."""

    places: Integers  # of all rows, or columns, as they were given
    how: str  # AS_GIVEN where there are more than could be clustered, or fewer than three


def order(values: Matrix, *, most: int = 5_000) -> tuple[Side, Side]:
    """Order the rows and the columns of features × entities, NaN where missing, by what they are like.

    Average linkage (R. R. Sokal and C. D. Michener, 1958) of the distance 1 − Pearson's r over the cells that both
    have; 1, as of no correlation, where these are fewer than 3, or one of the two does not vary. Up to 1,000 the leaves
    are in the order of which neighbours are closest (Z. Bar-Joseph and others, Bioinformatics 17, 2001), beyond in that
    of the tree. It describes and tests nothing. The same values have the same order.
    A side of more than `most` stays as it is given, and its `how` says so.
    """
    cells = checked(values).astype(np.float64)
    return _ordered(cells, most), _ordered(cells.T, most)


def _ordered(cells: Floats, most: int) -> Side:
    count = len(cells)
    if count < 3 or count > most:
        return Side(np.arange(count), AS_GIVEN)
    apart = distances(cells)
    tree = hierarchy.linkage(apart, "average")
    if count > MOST_LEAVES:
        return Side(hierarchy.leaves_list(tree).astype(np.int64), CLUSTERED)
    return Side(closest(tree, apart), BEST)


def distances(cells: Floats) -> Floats:
    """1 − Pearson's r of each pair of rows, as SciPy condenses them; 1 where there is none."""
    measured = ~np.isnan(cells)
    scaled = _scaled(cells, measured)
    there, squares = measured.astype(np.float64), np.square(scaled)
    count = len(cells)
    found = np.empty(count * (count - 1) // 2)
    step = max(1, CHUNK // (8 * count))
    filled = 0
    for start in range(0, count, step):
        rows = slice(start, min(start + step, count))
        rest = slice(start, count)
        part = _apart(scaled, squares, there, rows, rest)
        chosen = part[np.arange(count - start) > np.arange(rows.stop - start)[:, None]]
        found[filled : filled + len(chosen)] = chosen
        filled += len(chosen)
    return found


def _scaled(cells: Floats, measured: Mask) -> Floats:
    """Cells from the mean of their row, the furthest of each being 1 or -1, missing ones 0: sums lose least digits."""
    n = np.maximum(measured.sum(axis=1, keepdims=True), 1)
    mean = np.where(measured, cells, 0.0).sum(axis=1, keepdims=True) / n
    apart = np.where(measured, cells - mean, 0.0)
    furthest = np.abs(apart).max(axis=1, keepdims=True, initial=0)
    return apart / np.where(furthest > 0, furthest, 1.0)


def _apart(scaled: Floats, squares: Floats, there: Floats, rows: slice, rest: slice) -> Floats:
    """Distances of some rows to the rest, by the sums over the cells that both have: products of matrices."""
    n = there[rows] @ there[rest].T
    x, y = scaled[rows] @ there[rest].T, there[rows] @ scaled[rest].T
    x2, y2 = squares[rows] @ there[rest].T, there[rows] @ squares[rest].T
    with np.errstate(invalid="ignore", divide="ignore"):
        vary_x, vary_y = x2 - x * x / n, y2 - y * y / n
        r = (scaled[rows] @ scaled[rest].T - x * y / n) / np.sqrt(vary_x * vary_y)
    known = (n >= JOINT) & (vary_x > CONSTANT * x2) & (vary_y > CONSTANT * y2)
    return np.round(1 - np.clip(np.where(known, r, 0.0), -1.0, 1.0), DIGITS)
