"""Frequent values that a rare value of the same column may be a misspelling of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

from tablemend.repair.detect.channel import FAR, Channel

Array = np.ndarray

LEAST_RATIO = 10
"""How many times more frequent a value must be than its misspelling."""

MOST_PAIRS = 1_000_000
"""Comparisons of one column; the most frequent values come first."""

CHUNK = 500

SHORT = 3
"""Values of so few characters have too many neighbours that are values of their own: XS and XL, g and kg."""

BRIEF = 5
"""Values of so few characters still have some: Davis and Davies."""

MOST_ERRORS = 0.1
"""Share of the cells of one value that may be misspelled."""

LETTERS = 26


def find(values: Sequence[str], counts: Array, channel: Channel) -> dict[int, list[int]]:
    """For each rare value the much more frequent values that look alike, likeliest first."""
    scored: dict[int, dict[int, float]] = {}
    for old, new in _pairs(values, counts, channel):
        likelihood = channel.likelihood(values[old], values[new])
        if likelihood:
            scored.setdefault(old, {})[new] = likelihood * int(counts[new])
    return {old: sorted(near, key=lambda new: (-near[new], new)) for old, near in scored.items()}


def unaided(near: dict[int, list[int]], values: Sequence[str], counts: Array, channel: Channel) -> dict[int, list[int]]:
    """The neighbours to believe in where no other column has a say.

    Random slips spread over all the strings one edit away (26 letters at 2n + 1 places), so that one and the same
    slip repeats hardly ever; a value that repeats more often than that is a value of its own.
    """
    kept: dict[int, list[int]] = {}
    for old, others in near.items():
        likely = [
            new
            for new in others
            if (channel.mask and channel.masks(values[old], values[new]))
            or (
                min(len(values[old]), len(values[new])) > SHORT
                and counts[old] <= _repeats(int(counts[new]), len(values[new]))
            )
        ]
        if likely:
            kept[old] = likely
    return kept


def _repeats(count: int, length: int) -> float:
    """How often one slip may repeat: its expected number and three standard deviations (Poisson).

    The longer a value, the rarer another valid one beside it, and the likelier that somebody always slips alike.
    """
    expected = MOST_ERRORS * count / (LETTERS * (2 * length + 1))
    return max(2.0, length - BRIEF + 1, expected + 3 * expected**0.5)


def _pairs(values: Sequence[str], counts: Array, channel: Channel) -> Iterator[tuple[int, int]]:
    by_count = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    frequent = by_count[counts[by_count] >= LEAST_RATIO]
    rare = by_count[counts[by_count] * LEAST_RATIO <= counts.max(initial=0)]
    yield from _edited(values, counts, rare, frequent)
    if channel.mask:
        holding = np.asarray([code for code in by_count.tolist() if channel.mask in values[code]], dtype=np.int64)
        yield from _masked(values, counts, holding, by_count, channel.mask)


def _edited(values: Sequence[str], counts: Array, rare: Array, frequent: Array) -> Iterator[tuple[int, int]]:
    if not len(rare) or not len(frequent):
        return
    frequent = frequent[: max(1, MOST_PAIRS // len(rare))]
    rare = rare[:MOST_PAIRS]
    to = [values[each] for each in frequent]
    for start in range(0, len(rare), CHUNK):
        chunk = rare[start : start + CHUNK]
        of = [values[each] for each in chunk]
        distance = cdist(of, to, scorer=OSA.distance, score_cutoff=FAR - 1, dtype=np.uint8)
        enough = counts[chunk][:, None] * LEAST_RATIO <= counts[frequent][None, :]
        i, j = np.nonzero((distance < FAR) & enough)
        yield from zip(chunk[i].tolist(), frequent[j].tolist(), strict=True)


def _masked(
    values: Sequence[str], counts: Array, holding: Array, others: Array, mask: str
) -> Iterator[tuple[int, int]]:
    """Pairs of equal length that differ only where the first holds the mask, and the second is not rarer."""
    lengths = np.asarray([len(values[each]) for each in others], dtype=np.int64)
    own = np.asarray([len(values[each]) for each in holding], dtype=np.int64)
    for length in np.unique(own).tolist():
        old, new = holding[own == length], others[lengths == length]
        new = new[: max(1, MOST_PAIRS // (len(old) * max(length, 1)))]
        of, to = _characters(values, old, length), _characters(values, new, length)
        alike = ((of[:, None, :] == to[None, :, :]) | (of == ord(mask))[:, None, :]).all(axis=2)
        i, j = np.nonzero(alike & (counts[old][:, None] <= counts[new][None, :]))
        yield from ((o, n) for o, n in zip(old[i].tolist(), new[j].tolist(), strict=True) if o != n)


def _characters(values: Sequence[str], codes: Array, length: int) -> Array:
    """One row of code points for each value of that length."""
    text = "".join(values[each] for each in codes.tolist())
    return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32).reshape(len(codes), length)
