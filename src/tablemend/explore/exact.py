"""Exact distributions of rank statistics, for the few cells for which the normal one is too rough."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import special

from tablemend.explore.chunks import Floats, Integers

KEPT = 1_024
"""Distributions that are remembered, at most 16 kB each at 500 samples."""


def mann_whitney(u: Floats, few: Integers, many: Integers) -> Floats:
    """P(U ≤ u) without ties, for `few` ≤ `many` cells in the groups and u ≤ few · many / 2; all of one length."""
    found = np.empty(len(u))
    sizes, which = np.unique(np.stack([few, many], axis=1), axis=0, return_inverse=True)
    which = which.reshape(-1)
    order = np.argsort(which, kind="stable")
    for (one, other), places in zip(sizes.tolist(), _split(order, which), strict=True):
        found[places] = _cumulated_u(one, other)[u[places].astype(np.int64)]
    return found


def wilcoxon(w: Floats, n: Integers) -> Floats:
    """P(W ≤ w) of the sum of positive ranks without ties, for n differences and w ≤ n (n + 1) / 4."""
    found = np.empty(len(w))
    sizes, which = np.unique(n, return_inverse=True)
    order = np.argsort(which, kind="stable")
    for size, places in zip(sizes.tolist(), _split(order, which), strict=True):
        found[places] = _cumulated_w(size)[w[places].astype(np.int64)]
    return found


def sign_flips(w: Floats, ranks: Floats) -> Floats:
    """P(W ≤ w) of the sum of positive ranks over all signs of these ranks, equal ones included; w ≤ half their sum.

    `ranks` is rows × the few differences that are not 0, padded with 0. Twice a mean of ranks is a whole number, so
    that the sums of one more rank at a time can be counted.
    """
    twice = np.rint(2 * ranks).astype(np.int64)
    longest = int(twice.sum(axis=1).max(initial=0)) // 2
    sums = np.arange(longest + 1)
    share = np.zeros((len(w), longest + 1))
    share[:, 0] = 1.0
    for rank in twice.T:
        before = sums - rank[:, None]
        reached = np.take_along_axis(share, np.maximum(before, 0), axis=1)
        share = (share + np.where(before >= 0, reached, 0.0)) / 2
    upto = np.rint(2 * w).astype(np.int64)
    return np.where(sums <= upto[:, None], share, 0.0).sum(axis=1)


def _split(order: Integers, which: Integers) -> list[Integers]:
    """Places by what they are of, given their order by it."""
    if not len(order):
        return []
    return np.split(order, np.flatnonzero(np.diff(which[order])) + 1)


@lru_cache(KEPT)
def _cumulated_u(few: int, many: int) -> Floats:
    """P(U ≤ u) up to few · many / 2: coefficients of the Gaussian binomial, Π (1 − q^(many + i)) / (1 − q^i).

    H. B. Mann and D. R. Whitney, On a test of whether one of two random variables is stochastically larger than the
    other, Annals of Mathematical Statistics 18 (1947).
    """
    length = few * many // 2 + 1
    counts = np.zeros(length)
    counts[0] = 1.0
    for i in range(1, few + 1):
        shift = many + i
        if shift < length:
            counts[shift:] -= counts[:-shift].copy()
        rows = -(-length // i)
        counts = np.append(counts, np.zeros(rows * i - length)).reshape(rows, i).cumsum(axis=0).reshape(-1)[:length]
    return np.cumsum(counts) / special.binom(few + many, few)


@lru_cache(KEPT)
def _cumulated_w(n: int) -> Floats:
    """P(W ≤ w) of n differences: each of the ranks 1 … n is positive or not.

    F. Wilcoxon, Individual comparisons by ranking methods, Biometrics Bulletin 1 (1945).
    """
    share = np.zeros(n * (n + 1) // 2 + 1)
    share[0] = 1.0
    for rank in range(1, n + 1):
        share[rank:] += share[:-rank].copy()
        share /= 2
    return np.cumsum(share)
