"""Ranks of the cells of each row among its measured cells, and what tests need to know of a group of cells."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tablemend.explore.chunks import Floats, Integers, Mask, Matrix

ROUNDING = 10 * float(np.finfo(np.float64).eps)
"""Cells no further from their mean than this share of it vary by rounding only: where scipy.stats warns, too."""


class Ranks(NamedTuple):
    """Cells in the order of their values; as many columns as the fullest row has measured cells."""

    order: Integers  # rows × columns: the column of each cell, smallest first; equal ones by column, missing ones last
    values: Matrix  # in that order
    ranks: Floats  # in that order: from 1, equal cells have the mean of theirs; 0 where missing
    measured: Integers  # per row
    cubes: Floats  # per row: Σ (t³ − t) over the sizes t of the sets of equal cells
    squares: Floats  # per row: Σ (t² − t)

    @property
    def tied(self) -> Mask:
        """Rows of which any measured cells are equal."""
        return np.asarray(self.squares > 0)


class Runs(NamedTuple):
    """Runs of cells that belong together, row after row."""

    row: Integers
    start: Integers  # column of the first
    length: Integers


def rank(values: Matrix) -> Ranks:
    """Rank the measured cells of each row; NaN is missing."""
    measured = np.count_nonzero(~np.isnan(values), axis=1)
    width = int(measured.max(initial=0))
    order = np.argsort(values, axis=1, kind="stable")[:, :width]
    found = np.take_along_axis(values, order, axis=1)
    ranks = np.where(np.arange(width) < measured[:, None], np.arange(1.0, width + 1), 0.0)
    tied = (found[:, 1:] == found[:, :-1]).any(axis=1)
    cubes, squares = np.zeros((2, len(values)))
    which = np.flatnonzero(tied)
    if len(which):
        equal = runs(found[which, 1:] != found[which, :-1])
        means = np.repeat(equal.start + (equal.length + 1) / 2, equal.length).reshape(len(which), width)
        ranks[which] = np.where(ranks[which] > 0, means, 0.0)
        cubes[which] = np.bincount(equal.row, equal.length**3.0 - equal.length, len(which))
        squares[which] = np.bincount(equal.row, equal.length**2.0 - equal.length, len(which))
    return Ranks(order, found, ranks, measured, cubes, squares)


def runs(changes: Mask) -> Runs:
    """Runs in each row, given where a cell differs from the one before it; one column fewer than cells."""
    rows, width = len(changes), changes.shape[1] + 1
    starts = np.flatnonzero(np.column_stack([np.ones(rows, np.bool_), changes]))
    row, start = np.divmod(starts, width)
    return Runs(row, start, np.diff(starts, append=rows * width))


class Summary(NamedTuple):
    """What the measured cells of each row are like; NaN where there are too few for it."""

    n: Integers
    mean: Floats
    variance: Floats  # over n − 1
    median: Floats
    flat: Mask  # they vary by rounding only


def summary(values: Matrix) -> Summary:
    """Count, mean, variance and median of the measured cells of each row, in 64 bits."""
    n = np.count_nonzero(~np.isnan(values), axis=1)
    width = max(int(n.max(initial=0)), 1)
    cells = np.full((len(values), width), np.nan)
    cells[:, : values.shape[1]] = np.sort(values, axis=1)[:, :width]  # missing ones last
    behind = np.arange(width) >= n[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(behind, 0.0, cells).sum(axis=1) / n
        apart = np.where(behind, 0.0, cells - mean[:, None])
        variance = np.square(apart).sum(axis=1) / (n - 1)
    variance[n < 2] = np.nan
    middle = np.stack([np.maximum(n - 1, 0) // 2, np.minimum(n // 2, width - 1)], axis=1)
    median = np.take_along_axis(cells, middle, axis=1).mean(axis=1)
    flat = np.abs(apart).max(axis=1) <= ROUNDING * np.abs(mean)
    return Summary(n, mean, variance, median, flat)
