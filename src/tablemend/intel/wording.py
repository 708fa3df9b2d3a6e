"""How alike the words of texts are, and which of many texts are alike."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FEWEST_WORDS = 4
"""Distinct words below which a text says too little to be compared ("Weekly news")."""

_WORD = re.compile(r"\w+")
_BEFORE = 30
"""Texts as if read before: they keep two texts alone from weighing the words that they do not share the most.

Measured with the threshold of grouping: without them, a sixth of the paraphrases in samples of four texts are missed.
"""

_ROUNDING = 1e-9
"""Far above the rounding of a sum of some hundred weights; what it lets through is summed up exactly."""

_CLOSE = 0.25
"""How short, in thresholds, the words are that are summed up only for texts that are close; only speed hangs on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wording:
    """The words of a text, rarest first, with weights whose squares add up to one."""

    words: tuple[int, ...]
    weights: tuple[float, ...]


_Posting = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]


class Index:
    """Distinct texts, each of a title and a summary, by their words.

    Words of the title count twice, and each by how rare it is (tf-idf; Salton & Buckley 1988).
    """

    def __init__(self, texts: Sequence[tuple[str, str]]) -> None:
        self._wordings = _wordings(texts)
        self._places: list[list[int]] = []  # for each text, where it stands in the postings of its words
        self._postings = self._posted()
        self._similar = np.zeros(len(texts))

    def _posted(self) -> dict[int, _Posting]:
        """For each word, the texts that hold it, in order, and its weight in them."""
        holding: dict[int, tuple[list[int], list[float]]] = {}
        for number, wording in enumerate(self._wordings):
            places = []
            for word, weight in zip(wording.words, wording.weights, strict=True):
                numbers, weights = holding.setdefault(word, ([], []))
                places.append(len(numbers))
                numbers.append(number)
                weights.append(weight)
            self._places.append(places)
        return {word: (np.array(numbers), np.array(weights)) for word, (numbers, weights) in holding.items()}

    def comparable(self, one: int) -> bool:
        """Whether a text has words enough to be compared."""
        return bool(self._wordings[one].words)

    def alike(self, one: int, threshold: float) -> list[int]:
        """Later texts whose cosine with this one is at least the threshold.

        Words are looked up from the rarest on, until those left could not add up to the threshold by themselves: a
        text that shares none of the words before cannot reach it (prefix filter; Bayardo, Ma & Srikant 2007). The most
        common words are added only for texts that could reach it with them.
        """
        wording = self._wordings[one]
        prefix, most = _lengths(wording, threshold)
        if not prefix:
            return []
        chosen = np.unique(np.concatenate([self._add(one, n) for n in range(most)][:prefix]))
        sums = self._similar[chosen]
        self._similar[one:] = 0.0
        left = math.sqrt(math.fsum(weight * weight for weight in wording.weights[most:]))
        close = sums >= threshold - left - _ROUNDING
        chosen, sums = chosen[close], sums[close]
        if len(chosen):
            for word, weight in zip(wording.words[most:], wording.weights[most:], strict=True):
                sums += weight * _weights_in(self._postings[word], chosen)
        return chosen[sums >= threshold].tolist()

    def _add(self, one: int, place: int) -> npt.NDArray[np.int64]:
        """Add what a word of a text makes later texts similar to it; these texts."""
        wording = self._wordings[one]
        numbers, weights = self._postings[wording.words[place]]
        start = self._places[one][place] + 1
        later = numbers[start:]
        self._similar[later] += wording.weights[place] * weights[start:]
        return later


def _wordings(texts: Sequence[tuple[str, str]]) -> list[_Wording]:
    """The wording of each text; empty for one of too few words."""
    counted = [_counts(*text) for text in texts]
    spread = Counter(word for each in counted for word in each)
    rank = {word: place for place, word in enumerate(sorted(spread, key=lambda word: (spread[word], word)))}
    rarity = {word: math.log(1 + (len(texts) + _BEFORE) / (spread[word] + 1)) for word in spread}
    return [_wording(each, rarity, rank) for each in counted]


def _counts(title: str, summary: str) -> Counter[str]:
    headline, body = (_WORD.findall(text.casefold()) for text in (title, summary))
    return Counter([*headline, *headline, *body])


def _wording(counts: Counter[str], rarity: dict[str, float], rank: dict[str, int]) -> _Wording:
    if len(counts) < FEWEST_WORDS:
        return _Wording(words=(), weights=())
    words = sorted(counts, key=rank.__getitem__)
    weights = [counts[word] * rarity[word] for word in words]
    length = math.sqrt(math.fsum(weight * weight for weight in weights))
    return _Wording(words=tuple(rank[word] for word in words), weights=tuple(weight / length for weight in weights))


def _lengths(wording: _Wording, threshold: float) -> tuple[int, int]:
    """How many words it takes until the rest is shorter than the threshold, and than a small share of it."""
    prefix, left = len(wording.weights), 1.0
    for place, weight in enumerate(wording.weights):
        if left < threshold**2 - _ROUNDING:
            prefix = min(prefix, place)
        if left < (_CLOSE * threshold) ** 2:
            return prefix, place
        left -= weight * weight
    return prefix, len(wording.weights)


def _weights_in(posting: _Posting, chosen: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The weight of a word in the chosen texts; 0 where it does not stand."""
    numbers, weights = posting
    places = np.minimum(numbers.searchsorted(chosen), len(numbers) - 1)
    return np.where(numbers[places] == chosen, weights[places], 0.0)
