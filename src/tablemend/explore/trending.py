"""Trends along groups that have an order, feature by feature."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from tablemend.errors import SettingsError
from tablemend.explore.chunks import Floats, Integers, Matrix, Progress, checked, in_chunks
from tablemend.explore.comparing import FEW, FLAT, TESTED, Test
from tablemend.explore.ranks import Ranks, rank, runs

Places = npt.NDArray[np.signedinteger]

LEAST = 3
"""Cells that a trend needs: through two there is always one."""

TRENDS = {
    "spearman": Test(
        name="Spearman's ρ",
        paired=False,
        assumes="Independent samples, values that only rise or only fall along the groups; p from Student's t, which "
        "is too small for fewer than about ten cells.",
    ),
    "jonckheere": Test(
        name="Jonckheere–Terpstra",
        paired=False,
        assumes="Independent groups whose values tend to rise, or to fall, from each group to the next; p from the "
        "normal distribution, which is rough for fewer than about ten cells.",
    ),
}
"""The tests, both two-sided."""


class Trended(NamedTuple):
    """Trends: one element per feature, NaN where there is nothing to tell."""

    n: Integers  # cells used
    statistic: Floats  # ρ, or J
    p: Floats  # two-sided, not adjusted
    direction: npt.NDArray[np.int8]  # 1 values rise along the groups, -1 they fall, 0 neither, or not tested
    reason: npt.NDArray[np.int8]  # place in comparing.REASONS; 0 if and only if there is a p


class _Groups(NamedTuple):
    """The samples of a trend, by group."""

    columns: Integers
    place: Integers  # of the group of each, from 0 without gaps; ascending
    starts: Integers  # where each group begins


def trend(values: Matrix, order: Integers, *, test: str, progress: Progress | None = None) -> Trended:
    """Test each feature for a trend along ordered groups, by one of TRENDS, on the cells that are measured.

    "spearman", Spearman's ρ of value and place: independent samples, a monotone relation. p from Student's t with
    n − 2 degrees of freedom, as scipy.stats.spearmanr; too small for fewer than about ten cells.
    "jonckheere", Jonckheere–Terpstra: independent groups, values that tend to rise, or fall, from each to the next. J
    counts the pairs of cells of two groups of which the later one is larger, equal ones half. p from the normal
    distribution with the variance under ties, without correction for continuity.

    `values`: features × samples, float32 or float64, NaN where missing; computed in 64 bits. `order`: the place of the
    group of each sample along the groups, from 0, or -1 for a sample that is left out; only their order counts.
    "too few": fewer than 3 cells; "no variation": all cells are equal, or of one group.
    SettingsError for an unknown test, and fewer than 2 groups.
    """
    if test not in TRENDS:
        raise SettingsError(f"no test for a trend is called {test!r}", hint=f"Name one of {', '.join(TRENDS)}.")
    groups = _grouped(checked(values), order)
    work = partial(_spearman if test == "spearman" else _jonckheere, values, groups)
    return in_chunks(work, len(values), len(groups.columns), progress)


def _grouped(values: Matrix, order: Integers) -> _Groups:
    samples = values.shape[1]
    if order.shape != (samples,) or not np.issubdtype(order.dtype, np.integer):
        raise SettingsError(
            f"the order is no whole number for each of {samples:,} samples", hint="Give the place of its group, or -1."
        )
    columns = np.flatnonzero(order >= 0)
    columns = columns[np.argsort(order[columns], kind="stable")]
    found, starts, place = np.unique(order[columns], return_index=True, return_inverse=True)
    if len(found) < 2:
        raise SettingsError(f"{len(found)} groups have no trend", hint="Choose at least two groups with samples.")
    return _Groups(columns, place, starts)


def _spearman(values: Matrix, groups: _Groups, rows: slice) -> Trended:
    """ρ as the correlation of the ranks: C. Spearman, American Journal of Psychology 15 (1904)."""
    cells = values[rows][:, groups.columns]
    ranked, counts = rank(cells), _counted(cells, groups)
    n = ranked.measured.astype(np.float64)
    of_place = np.cumsum(counts, axis=1) - (counts - 1) / 2
    shared = ranked.ranks * np.take_along_axis(of_place, groups.place[ranked.order], axis=1)
    together = 12 * shared.sum(axis=1) - 3 * n * (n + 1) ** 2
    size = n**3 - n
    with np.errstate(invalid="ignore", divide="ignore"):
        rho = together / np.sqrt((size - ranked.cubes) * (size - (counts * (counts * counts - 1)).sum(axis=1)))
        t = rho * np.sqrt((n - 2) / ((1 - rho) * (1 + rho)))
    return _trended(ranked.measured, rho, 2 * special.stdtr(n - 2, -np.abs(t)), together)


def _jonckheere(values: Matrix, groups: _Groups, rows: slice) -> Trended:
    """J with its mean and variance under ties.

    M. Hollander and D. A. Wolfe, Nonparametric Statistical Methods, 2nd edition (1999), section 6.2.
    """
    cells = values[rows][:, groups.columns]
    ranked, counts = rank(cells), _counted(cells, groups)
    n = ranked.measured.astype(np.float64)
    j = _rising(ranked, groups.place, counts) - _crossing(ranked, groups.place) / 2
    apart = j - (n**2 - np.square(counts).sum(axis=1)) / 4
    variance = _variance(n, counts, ranked)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = apart / np.sqrt(variance)
    return _trended(ranked.measured, j, 2 * special.ndtr(-np.abs(z)), apart)


def _variance(n: Floats, counts: Floats, ranked: Ranks) -> Floats:
    """The variance of J, formula 6.19, by t³ − t and t² − t over sizes of groups and ties; NaN if nothing varies."""
    cubes, squares = n**3 - n, n**2 - n
    of_groups, of_groups_squares = (counts * (counts * counts - 1)).sum(axis=1), (counts * (counts - 1)).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        plain = 2 * (cubes - of_groups - ranked.cubes) + 3 * (squares - of_groups_squares - ranked.squares)
        threes = (of_groups - 3 * of_groups_squares) * (ranked.cubes - 3 * ranked.squares) / (squares * (n - 2))
        variance = plain / 72 + threes / 36 + of_groups_squares * ranked.squares / squares / 8
    return np.where((of_groups_squares < squares) & (ranked.squares < squares), variance, np.nan)


def _counted(cells: Matrix, groups: _Groups) -> Floats:
    """Measured cells of each row in each group."""
    return np.add.reduceat(~np.isnan(cells), groups.starts, axis=1, dtype=np.float64)


def _rising(ranked: Ranks, place: Integers, counts: Floats) -> Floats:
    """Pairs of cells of each row in which the one of the later group comes later in the order of the values.

    Two different places differ first, from the top, at exactly one bit, so that each pair is met once: among the cells
    whose higher bits are the same, the cells without the bit are counted before each one that has it.
    """
    bits = int(place[-1]).bit_length()
    beyond = 1 << bits  # the place of missing cells: behind all, and without any of the bits
    behind = np.arange(ranked.order.shape[1]) >= ranked.measured[:, None]
    places: Places = np.where(behind, beyond, place[ranked.order]).astype(np.int16 if bits < 15 else np.int64)
    sizes = np.zeros((len(counts), beyond))
    sizes[:, : counts.shape[1]] = counts
    found = np.zeros(len(counts))
    for bit in reversed(range(bits)):
        if bit < bits - 1:
            places = np.take_along_axis(places, np.argsort(places >> (bit + 1), axis=1, kind="stable"), axis=1)
        with_bit = places >> bit & 1 == 1
        before = np.cumsum(~with_bit, axis=1, dtype=np.int32)
        without, having = np.moveaxis(sizes.reshape(len(counts), beyond >> bit + 1, 2, 1 << bit).sum(axis=3), 2, 0)
        elsewhere = np.cumsum(without, axis=1) - without  # cells without the bit whose higher bits are smaller
        found += np.where(with_bit, before, 0).sum(axis=1) - (elsewhere * having).sum(axis=1)
    return found


def _crossing(ranked: Ranks, place: Integers) -> Floats:
    """Pairs of equal cells of different groups, all of which the stable order has rising."""
    found = np.zeros(len(ranked.order))
    which = np.flatnonzero(ranked.tied)
    if len(which):
        values, places = ranked.values[which], place[ranked.order[which]]
        same = runs((values[:, 1:] != values[:, :-1]) | (places[:, 1:] != places[:, :-1]))
        inside = np.bincount(same.row, same.length**2.0 - same.length, len(which))
        found[which] = (ranked.squares[which] - inside) / 2
    return found


def _trended(n: Integers, statistic: Floats, p: Floats, apart: Floats) -> Trended:
    enough = n >= LEAST
    p = np.where(enough, p, np.nan)
    untested = np.isnan(p)
    return Trended(
        n=n,
        statistic=np.where(untested, np.nan, statistic),
        p=p,
        direction=np.where(untested, 0, np.sign(apart)).astype(np.int8),
        reason=np.where(untested, np.where(enough, FLAT, FEW), TESTED).astype(np.int8),
    )
