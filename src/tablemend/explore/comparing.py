"""Two groups of samples compared, feature by feature."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from tablemend.errors import SettingsError
from tablemend.explore import exact
from tablemend.explore.chunks import Floats, Integers, Mask, Matrix, Progress, checked, in_chunks
from tablemend.explore.ranks import Summary, rank, summary

REASONS = ("", "too few", "no variation")
"""Why a feature has no p, by its code; the first where it has one."""

TESTED, FEW, FLAT = range(3)

LEAST = 2
"""Cells that each group needs, or pairs."""

SMALL = 8
"""Up to so many cells in a group, Mann–Whitney is exact where no cells are equal, as in SciPy."""

SMALL_PAIRS, SMALL_TIED = 50, 13
"""Up to so many pairs Wilcoxon is exact, the second where differences are equal or 0, as in SciPy."""

LEVEL = 0.95
"""Of the intervals."""

STARS = {0.001: "***", 0.01: "**", 0.05: "*"}
"""Marks by the largest q that they stand for."""


class Test(NamedTuple):
    """A test as pages show it."""

    name: str
    paired: bool
    assumes: str


TESTS = {
    "mann-whitney": Test(
        name="Mann–Whitney U",
        paired=False,
        assumes="Two independent groups, of which one may tend to larger values; distributions of any shape.",
    ),
    "welch": Test(
        name="Welch's t",
        paired=False,
        assumes="Two independent groups whose means are close to normally distributed; their variances may differ.",
    ),
    "wilcoxon": Test(
        name="Wilcoxon signed-rank",
        paired=True,
        assumes="Independent pairs whose differences are distributed symmetrically around their middle.",
    ),
    "paired-t": Test(
        name="paired t",
        paired=True,
        assumes="Independent pairs whose mean difference is close to normally distributed.",
    ),
}
"""The tests, all two-sided."""


class Compared(NamedTuple):
    """Two groups compared: one element per feature, NaN where there is nothing to tell."""

    n_first: Integers  # cells used; of paired tests the pairs of which both are measured
    n_second: Integers
    mean_first: Floats
    mean_second: Floats
    median_first: Floats
    median_second: Floats
    difference: Floats  # of the means, first − second; of paired tests the mean of the differences
    low: Floats  # 95 % interval of the difference: Welch's, of paired tests Student's
    high: Floats
    statistic: Floats  # U of the first group, t, or the smaller sum of signed ranks
    p: Floats  # two-sided, not adjusted
    reason: npt.NDArray[np.int8]  # place in REASONS; 0 if and only if there is a p


class _Gap(NamedTuple):
    """The difference of the means of two groups."""

    mean: Floats
    error: Floats
    freedom: Floats
    flat: Mask  # nothing varies but by rounding, so that the error is not known
    enough: Mask


def compare(
    values: Matrix,
    first: Mask,
    second: Mask,
    *,
    test: str,
    pairs: Integers | None = None,
    progress: Progress | None = None,
) -> Compared:
    """Compare two groups of samples in each feature, by one of TESTS, on the cells that are measured.

    "mann-whitney", Mann–Whitney U: two independent groups, distributions of any shape. Exact where a group has up to 8
    cells and none are equal, else normal, corrected for ties and for continuity.
    "welch", Welch's t: two independent groups whose means are close to normal, variances may differ.
    "wilcoxon", Wilcoxon signed-rank: pairs, differences symmetric. Differences of 0 are left out; exact up to 50 pairs,
    or up to 13 where differences are equal or 0, else normal, corrected for ties. As in SciPy, differences that only
    rounding tells apart, such as 0.3 − 0.2 and 0.2 − 0.1, are not equal.
    "paired-t", paired t: pairs whose mean difference is close to normal.

    `values`: features × samples, float32 or float64, NaN where missing; computed in 64 bits. `first`, `second`: which
    samples are in the groups. `pairs`: the pair of each sample, -1 for none; a sample without its other is left out.
    The p are those of scipy.stats (mannwhitneyu, ttest_ind with equal_var=False, wilcoxon, ttest_rel; method "auto"),
    but for the reasons: "too few" is fewer than 2 cells in a group, or pairs; "no variation" where SciPy has no p, and
    where the cells of both groups, or the differences, are all the same: the t tests would take their error for 0.
    SettingsError for an unknown test, groups that are empty or overlap, and pairs that are missing or ambiguous.
    """
    known = _known(test)
    _apart(checked(values), first, second)
    if known.paired:
        one, other = _partners(first, second, pairs)
    elif pairs is None:
        one, other = np.flatnonzero(first), np.flatnonzero(second)
    else:
        raise SettingsError(f"{known.name} takes no pairs", hint=f"Leave them away, or use {_named(paired=True)}.")
    work = partial(_paired if known.paired else _unpaired, values, one, other, test)
    return in_chunks(work, len(values), len(one) + len(other), progress)


def _known(test: str) -> Test:
    if test not in TESTS:
        raise SettingsError(f"no test is called {test!r}", hint=f"Name one of {', '.join(TESTS)}.")
    return TESTS[test]


def _named(*, paired: bool) -> str:
    return " or ".join(name for name, each in TESTS.items() if each.paired is paired)


def _apart(values: Matrix, first: Mask, second: Mask) -> None:
    samples = values.shape[1]
    for name, group in (("first", first), ("second", second)):
        if group.dtype != np.bool_ or group.shape != (samples,):
            raise SettingsError(
                f"the {name} group is no mask over {samples:,} samples", hint="Give True or False for each."
            )
        if not group.any():
            raise SettingsError(f"the {name} group has no samples", hint="Choose at least two.")
    both = np.count_nonzero(first & second)
    if both:
        raise SettingsError(f"{both:,} samples are in both groups", hint="Choose groups that share none.")


def _partners(first: Mask, second: Mask, pairs: Integers | None) -> tuple[Integers, Integers]:
    """Columns of the first and of the second group, pair by pair."""
    if pairs is None or pairs.shape != first.shape or not np.issubdtype(pairs.dtype, np.integer):
        raise SettingsError(
            f"a paired test needs the pair of each of {len(first):,} samples",
            hint=f"Give a whole number for each, -1 for none, or use {_named(paired=False)}.",
        )
    sides = [np.flatnonzero(group & (pairs >= 0)) for group in (first, second)]
    for name, side in zip(("first", "second"), sides, strict=True):
        again = len(side) - len(np.unique(pairs[side]))
        if again:
            raise SettingsError(
                f"{again:,} samples of the {name} group are in a pair that has another of it",
                hint="Give each pair one sample of each group.",
            )
    _, one, other = np.intersect1d(pairs[sides[0]], pairs[sides[1]], assume_unique=True, return_indices=True)
    return sides[0][one], sides[1][other]


def _unpaired(values: Matrix, first: Integers, second: Integers, test: str, rows: slice) -> Compared:
    part = values[rows]
    one, other = summary(part[:, first]), summary(part[:, second])
    gap = _welch(one, other)
    if test == "welch":
        return _compared(one, other, gap, *_student(gap))
    cells = part[:, np.concatenate([first, second])]
    return _compared(one, other, gap, *_mann_whitney(cells, len(first), one.n, other.n))


def _paired(values: Matrix, first: Integers, second: Integers, test: str, rows: slice) -> Compared:
    part = values[rows]
    x, y = part[:, first].astype(np.float64), part[:, second].astype(np.float64)
    missing = np.isnan(x) | np.isnan(y)
    x[missing] = y[missing] = np.nan
    between = x - y
    found = summary(between)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(found.variance / found.n)
    gap = _Gap(found.mean, error, (found.n - 1).astype(np.float64), found.flat, found.n >= LEAST)
    tested = _student(gap) if test == "paired-t" else _wilcoxon(between, found.n)
    return _compared(summary(x), summary(y), gap, *tested)


def _welch(one: Summary, other: Summary) -> _Gap:
    """Error and degrees of freedom: B. L. Welch, Biometrika 34 (1947), and F. E. Satterthwaite, Biometrics 2 (1946)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        part, rest = one.variance / one.n, other.variance / other.n
        share = part / (part + rest)  # squares of the parts themselves would overflow
        freedom = 1 / (share**2 / (one.n - 1) + (1 - share) ** 2 / (other.n - 1))
    enough = (one.n >= LEAST) & (other.n >= LEAST)
    return _Gap(one.mean - other.mean, np.sqrt(part + rest), freedom, one.flat & other.flat, enough)


def _student(gap: _Gap) -> tuple[Floats, Floats]:
    """Statistic and p of a difference over its error; NaN where the error is not known."""
    with np.errstate(invalid="ignore", divide="ignore"):
        t = np.where(gap.flat, np.nan, gap.mean / gap.error)
    return t, 2 * special.stdtr(gap.freedom, -np.abs(t))


def _mann_whitney(cells: Matrix, first: int, n: Integers, m: Integers) -> tuple[Floats, Floats]:
    """U of the first cells of each row, so many of them, and its p.

    Normal with ties: E. L. Lehmann, Nonparametrics (1975), chapter 1, section 4.
    """
    ranked = rank(cells)
    u = np.where(ranked.order < first, ranked.ranks, 0.0).sum(axis=1) - n * (n + 1) / 2
    smaller = np.minimum(u, n * m - u)
    total = (n + m).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(n * m / 12 * (total + 1 - ranked.cubes / (total * (total - 1))))
        p = 2 * special.ndtr((smaller - n * m / 2 + 0.5) / spread)
    few, many = np.minimum(n, m), np.maximum(n, m)
    small = np.flatnonzero((few <= SMALL) & (few >= LEAST) & ~ranked.tied)
    p[small] = 2 * exact.mann_whitney(smaller[small], few[small], many[small])
    return u, np.minimum(p, 1.0)


def _wilcoxon(between: Floats, pairs: Integers) -> tuple[Floats, Floats]:
    """The smaller sum of signed ranks of the differences of each row, and its p.

    Normal with ties: E. L. Lehmann, Nonparametrics (1975), chapter 3, section 2.
    """
    apart = np.where(between == 0, np.nan, between)
    ranked = rank(np.abs(apart))
    n = ranked.measured
    above = np.take_along_axis(apart > 0, ranked.order, axis=1)
    total = n * (n + 1) / 2
    w = np.where(above, ranked.ranks, 0.0).sum(axis=1)
    w = np.minimum(w, total - w)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt((total * 2 * (2 * n + 1) - ranked.cubes / 2) / 24)
        p = 2 * special.ndtr((w - total / 2) / spread)
    rough = ranked.tied | (n < pairs)
    small = np.flatnonzero(~rough & (pairs <= SMALL_PAIRS))
    p[small] = 2 * exact.wilcoxon(w[small], n[small])
    small = np.flatnonzero(rough & (pairs <= SMALL_TIED))
    p[small] = 2 * exact.sign_flips(w[small], ranked.ranks[small, :SMALL_TIED])
    return w, np.minimum(p, 1.0)


def _compared(one: Summary, other: Summary, gap: _Gap, statistic: Floats, p: Floats) -> Compared:
    p = np.where(gap.enough, p, np.nan)
    untested = np.isnan(p)
    half = special.stdtrit(gap.freedom, (1 + LEVEL) / 2) * gap.error
    half[gap.flat | ~gap.enough] = np.nan
    return Compared(
        n_first=one.n,
        n_second=other.n,
        mean_first=one.mean,
        mean_second=other.mean,
        median_first=one.median,
        median_second=other.median,
        difference=gap.mean,
        low=gap.mean - half,
        high=gap.mean + half,
        statistic=np.where(untested, np.nan, statistic),
        p=p,
        reason=np.where(untested, np.where(gap.enough, FLAT, FEW), TESTED).astype(np.int8),
    )


def adjusted(p: Floats) -> Floats:
    """q of each p by Benjamini–Hochberg, over those that are there: the share of false discoveries up to it.

    It holds for tests that are independent or positively dependent. NaN stays NaN and does not count.
    Y. Benjamini and Y. Hochberg, Journal of the Royal Statistical Society B 57 (1995). SettingsError for a p that is
    no probability.
    """
    q = np.full(p.shape, np.nan)
    there = np.flatnonzero(~np.isnan(p))
    found = p[there].astype(np.float64)
    if not len(there):
        return q
    if found.min() < 0 or found.max() > 1:
        raise SettingsError("p below 0 or above 1 cannot be adjusted", hint="Give the p of tests.")
    order = np.argsort(found, kind="stable")
    scaled = found[order] * (len(order) / np.arange(1, len(order) + 1))
    q[there[order]] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q


def stars(q: Floats) -> npt.NDArray[np.str_]:
    """Marks of significance: "*" for q ≤ .05, "**" for ≤ .01, "***" for ≤ .001, "" above and where there is none."""
    return np.array([*STARS.values(), ""])[np.searchsorted([*STARS], q)]
