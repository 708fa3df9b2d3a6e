"""Frequent values that a rare value of the same column may be a misspelling of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

from tablemend.repair.detect.channel import FAR, Channel

Array = np.ndarray

LEAST_RATIO = 10
"""How many times more frequent a value must be than its misspelling."""

MOST_PAIRS = 4_000_000
"""Comparisons of one column."""

CHUNK = 500


def find(values: Sequence[str], counts: Array, channel: Channel) -> dict[int, list[int]]:
    """For each rare value, up to two much more frequent values that look alike, likeliest first."""
    present = np.flatnonzero(counts > 0)
    least = 1 if channel.mask else LEAST_RATIO
    frequent = present[counts[present] >= least]
    frequent = frequent[np.argsort(-counts[frequent], kind="stable")]
    rare = present[counts[present] * least <= counts.max(initial=0)]
    if not len(rare) or not len(frequent):
        return {}
    frequent = frequent[: max(1, MOST_PAIRS // len(rare))]
    rare = rare[:MOST_PAIRS]
    found: dict[int, list[int]] = {}
    for start in range(0, len(rare), CHUNK):
        found.update(_chunk(values, counts, channel, rare[start : start + CHUNK], frequent))
    return found


def _chunk(
    values: Sequence[str], counts: Array, channel: Channel, rare: Array, frequent: Array
) -> dict[int, list[int]]:
    of, to = [values[each] for each in rare], [values[each] for each in frequent]
    near = cdist(of, to, scorer=OSA.distance, score_cutoff=FAR - 1, dtype=np.uint8) < FAR
    if channel.mask:
        near |= _maskable(of, to, channel.mask)
    found: dict[int, list[tuple[float, int]]] = {}
    for i, j in np.argwhere(near).tolist():
        old, new = int(rare[i]), int(frequent[j])
        if counts[old] * _ratio(channel, of[i], to[j]) > counts[new] or not (like := channel.likelihood(of[i], to[j])):
            continue
        found.setdefault(old, []).append((like * int(counts[new]), new))
    return {old: [new for _, new in sorted(each, reverse=True)] for old, each in found.items()}


def _ratio(channel: Channel, observed: str, true: str) -> int:
    """A masked value gives itself away; any other misspelling must be rare beside the true value."""
    return 1 if channel.mask and channel.masks(observed, true) else LEAST_RATIO


def _maskable(of: Sequence[str], to: Sequence[str], mask: str) -> Array:
    """Pairs of equal length whose observed side holds the mask."""
    holds = np.asarray([mask in each for each in of], dtype=bool)
    long, other = np.asarray([len(each) for each in of]), np.asarray([len(each) for each in to])
    return holds[:, None] & (long[:, None] == other[None, :])
