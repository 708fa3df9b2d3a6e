"""Misspelled words inside values that are themselves rare: `619 paxienxs` where other cells say `patients`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from tablemend.repair.detect import neighbours
from tablemend.repair.detect.channel import Channel

Array = np.ndarray

LEAST_RATIO = 50
"""How many times more frequent a word must be than its misspelling."""

DOUBTFUL = 0.45
"""Confidence in a misspelled word without a mask: rare words are often names."""

LEAST_LENGTH = 5
MOST_VALUES = 20_000
"""Distinct values of a column that are read word by word."""


def repair(values: Sequence[str], counts: Array, channel: Channel) -> dict[int, tuple[str, float]]:
    """For each code with misspelled words: the value with these words repaired, and the confidence in it."""
    if np.count_nonzero(counts) > MOST_VALUES:
        return {}
    words: Counter[str] = Counter()
    for code in np.flatnonzero(counts).tolist():
        words.update({word: int(counts[code]) for word in values[code].split(" ")})
    better = _better(words, channel)
    found = {code: _replace(values[code], better) for code in np.flatnonzero(counts).tolist()}
    return {code: each for code, each in found.items() if each is not None}


def _better(words: Counter[str], channel: Channel) -> dict[str, tuple[str, float]]:
    """For each rare word: the frequent one it stands for, and the confidence."""
    listed = [word for word in words if len(word) >= LEAST_LENGTH]
    counts = np.asarray([words[word] for word in listed], dtype=np.int64)
    found: dict[str, tuple[str, float]] = {}
    for old, options in neighbours.find(listed, counts, channel).items():
        new, rival = options[0], options[1:2]
        ratio = counts[new] / counts[old]
        masked = channel.mask is not None and channel.masks(listed[old], listed[new])
        clear = all(counts[other] * 5 < counts[new] for other in rival)
        if clear and ratio >= (5 if masked else LEAST_RATIO):
            found[listed[old]] = (listed[new], _confidence(float(ratio), masked=masked))
    return found


def _confidence(ratio: float, *, masked: bool) -> float:
    """The odds that the rare word is a misspelling grow with the ratio; a mask gives it away."""
    return 0.97 * ratio / (ratio + 1) if masked else DOUBTFUL


def _replace(value: str, better: dict[str, tuple[str, float]]) -> tuple[str, float] | None:
    parts = value.split(" ")
    if len(parts) < 2 or not any(part in better for part in parts):
        return None
    confidence = min(better[part][1] for part in parts if part in better)
    return " ".join(better[part][0] if part in better else part for part in parts), confidence
