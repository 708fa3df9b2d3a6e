"""How two series of measurements go together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

from tablemend.errors import SettingsError
from tablemend.explore.chunks import Floats, Matrix, checked
from tablemend.explore.comparing import FEW, FLAT, LEVEL, TESTED, Test
from tablemend.explore.ranks import rank, summary

LEAST = 3
"""Pairs that a correlation needs: through two points there is always a line."""

CORRELATIONS = {
    "pearson": Test(
        name="Pearson's r",
        paired=True,
        assumes="Independent pairs of values that are close to jointly normally distributed.",
    ),
    "spearman": Test(
        name="Spearman's ρ",
        paired=True,
        assumes="Independent pairs of values of which one only rises or only falls with the other; p from Student's t, "
        "which is too small for fewer than about ten pairs.",
    ),
}
"""The correlations, tested two-sided."""


class Correlated(NamedTuple):
    """The correlation of two series; NaN where there is nothing to tell."""

    n: int  # pairs of which both are measured
    r: float  # r, or ρ
    p: float  # two-sided
    low: float  # 95 % interval of r by Fisher's transformation; NaN for ρ
    high: float
    reason: int  # place in comparing.REASONS; 0 if and only if there is a p


def correlate(x: Matrix, y: Matrix, *, method: str = "pearson") -> Correlated:
    """Correlate two series of one length, NaN where missing, over the pairs of which both are measured.

    "pearson", Pearson's r: pairs close to jointly normal, a linear relation; its interval is that of R. A. Fisher,
    Biometrika 10 (1915), -1 to 1 for 3 pairs. "spearman", Spearman's ρ: a monotone relation. p of both from Student's t
    with n − 2 degrees of freedom, as scipy.stats.pearsonr and spearmanr; that of ρ is too small for fewer than about
    ten pairs. "too few": fewer than 3 pairs; "no variation": one of the series is constant but for rounding.
    SettingsError for an unknown method, and series of different lengths.
    """
    if method not in CORRELATIONS:
        raise SettingsError(f"no correlation is called {method!r}", hint=f"Name one of {', '.join(CORRELATIONS)}.")
    if x.ndim != 1 or x.shape != y.shape:
        raise SettingsError(
            f"series of the shapes {x.shape} and {y.shape} have no pairs", hint="Give two of one length."
        )
    both = ~np.isnan(x) & ~np.isnan(y)
    n = int(np.count_nonzero(both))
    if n < LEAST:
        return Correlated(n, np.nan, np.nan, np.nan, np.nan, FEW)
    pairs = np.stack([x[both], y[both]]).astype(np.float64)
    checked(pairs)
    if method == "spearman":
        pairs = _ranks(pairs)
    if summary(pairs).flat.any():
        return Correlated(n, np.nan, np.nan, np.nan, np.nan, FLAT)
    r = _pearson(pairs)
    with np.errstate(divide="ignore"):
        t = r * np.sqrt((n - 2) / np.float64((1 - r) * (1 + r)))
    p = float(2 * special.stdtr(n - 2, -abs(t)))
    low, high = _fisher(r, n) if method == "pearson" else (np.nan, np.nan)
    return Correlated(n, r, p, low, high, TESTED)


def _ranks(pairs: Floats) -> Floats:
    ranked = rank(pairs)
    found = np.empty(pairs.shape)
    np.put_along_axis(found, ranked.order, ranked.ranks, axis=1)
    return found


def _pearson(pairs: Floats) -> float:
    apart = pairs - pairs.mean(axis=1, keepdims=True)
    apart /= np.abs(apart).max(axis=1, keepdims=True)  # whose squares neither vanish nor overflow
    x, y = apart / np.sqrt(np.square(apart).sum(axis=1, keepdims=True))
    return float(np.clip(x @ y, -1.0, 1.0))


def _fisher(r: float, n: int) -> tuple[float, float]:
    """The interval of r; nothing is known of it from 3 pairs."""
    if n <= LEAST:
        return -1.0, 1.0
    with np.errstate(divide="ignore"):
        middle = np.arctanh(r)
    half = special.ndtri((1 + LEVEL) / 2) / np.sqrt(n - 3)
    return float(np.tanh(middle - half)), float(np.tanh(middle + half))
