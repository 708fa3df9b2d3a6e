"""How likely a true value is written as the one observed: the channel that typing errors pass through."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from rapidfuzz.distance import OSA, Hamming

_DIGIT = re.compile(r"\d")
_NOT_DIGIT = re.compile(r"\D+")

FAR = 3
"""Edits from which a value is no longer a misspelling of another."""

ONE_EDIT = 0.3
TWO_EDITS = 0.01
MASKED = 10.0
"""Likelihoods of a misspelling, relative to that of any one string that nobody has seen before; a value that holds the
table's junk character where others do not is hardly ever a new value."""

LEAST_MASKS = 5
LEAST_MASK_SHARE = 0.7
"""Substitutions by one and the same character, and their share, from which it counts as a mask."""

LEAST_HIDDEN = 3
"""Different characters that a mask must have replaced."""


class Channel:
    """Likelihood of writing `observed` for `true`, with the junk character that the table uses, if it uses one."""

    def __init__(self, mask: str | None = None, share: float = 0.0) -> None:
        self.mask = mask
        self.share = share  # of the misspellings that are masks

    def likelihood(self, observed: str, true: str, *, figures: bool = False) -> float:
        """0 for values that do not look alike; lost or gained digits count only where `figures` says so."""
        if self.mask and self.masks(observed, true):
            return MASKED
        if self.mask and self.masks(true, observed):
            return 0.0
        if min(len(observed), len(true)) < 1 or _only_digits_differ(observed, true):
            return 0.0
        if not figures and _NOT_DIGIT.sub("", observed) != _NOT_DIGIT.sub("", true):
            return 0.0
        edits = OSA.distance(observed, true, score_cutoff=FAR - 1)
        if edits >= FAR or edits >= max(len(true), len(observed)):
            return 0.0
        short = min(1.0, len(true) / 4)
        return (ONE_EDIT if edits == 1 else TWO_EDITS * (len(true) > 4)) * short * (1 - self.share)

    def masks(self, observed: str, true: str) -> bool:
        """Whether `observed` is `true` with characters replaced by the mask, not all of them."""
        if len(observed) != len(true) or observed == true:
            return False
        wrong = [o for o, t in zip(observed, true, strict=True) if o != t]
        return len(wrong) < len(true) and all(each == self.mask for each in wrong)


def _only_digits_differ(observed: str, true: str) -> bool:
    """Two codes or figures of one shape: each may be right."""
    return observed != true and _DIGIT.sub("0", observed) == _DIGIT.sub("0", true)


def learn(pairs: Iterable[tuple[str, str]]) -> Channel:
    """The channel seen in pairs of observed and believed values of equal length."""
    replaced: Counter[str] = Counter()
    hidden: dict[str, set[str]] = {}
    for observed, true in pairs:
        if len(observed) == len(true) and Hamming.distance(observed, true) <= max(2, len(true) // 3):
            replaced.update({o for o, t in zip(observed, true, strict=True) if o != t})
            for o, t in zip(observed, true, strict=True):
                hidden.setdefault(o, set()).update({t} - {o})
    letters = Counter({each: count for each, count in replaced.items() if not each.isdigit()})
    if not letters:
        return Channel()
    mask, count = letters.most_common(1)[0]
    share = count / replaced.total()
    believed = count >= LEAST_MASKS and share >= LEAST_MASK_SHARE and len(hidden[mask]) >= LEAST_HIDDEN
    return Channel(mask, share) if believed else Channel()
