"""Stories that report the same: one address, or nearly the same words within a week."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from tablemend.intel.sources import canonical
from tablemend.intel.story import Story, digest
from tablemend.intel.union import Union
from tablemend.records import Record

THRESHOLD = 0.35
"""Least cosine of two reports of one event.

Measured on the shipped example, where every value from 0.25 to 0.45 finds all pairs of one event and no other, and on
paraphrases and look-alikes written for the tests: at 0.35 all of the first and none of the second are joined; at 0.28
look-alikes begin to be, at 0.4 paraphrases no longer are.
"""

WINDOW = timedelta(days=7)
"""Most time between two reports of one event; a story without a date may belong to any."""

FEWEST_WORDS = 4
"""Distinct words below which a wording says too little to be compared ("Weekly news")."""

_WORD = re.compile(r"\w+")


class Group(Record, frozen=True, kw_only=True):
    """Stories of one event; most have one member."""

    id: str  # of its first member
    members: tuple[Story, ...]  # the earliest first


def group(stories: Sequence[Story], *, threshold: float = THRESHOLD) -> list[Group]:
    """Put near-duplicates together; the order in which the stories come makes no difference.

    Two stories belong together where their canonical URLs are the same, or where the cosine of their words is at least
    the threshold. Words of the title count twice and are weighted by how rare they are (tf-idf; Salton & Buckley
    1988). What belongs together by way of others is one group.
    """
    ordered = sorted(stories, key=_place_in_time)
    joined: Union[int] = Union()
    for number in range(len(ordered)):
        joined.find(number)
    for one, other in _same_address(ordered):
        joined.join(one, other)
    for one, other in _alike(ordered, threshold):
        joined.join(one, other)
    found = sorted(sorted(each) for each in joined.groups())
    return [_named([ordered[number] for number in each]) for each in found]


def _named(members: Sequence[Story]) -> Group:
    return Group(id=f"g{digest(members[0].id)}", members=tuple(members))


_LAST = datetime.max.replace(tzinfo=UTC)


def _place_in_time(story: Story) -> tuple[datetime, str]:
    """Stories without a date come last."""
    return story.published or _LAST, story.id


def _same_address(ordered: Sequence[Story]) -> Iterator[tuple[int, int]]:
    first: dict[str, int] = {}
    for number, story in enumerate(ordered):
        if story.url:
            yield first.setdefault(canonical(story.url), number), number


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wording:
    """The words of a story, rarest first, with weights whose squares add up to one."""

    words: tuple[int, ...]
    weights: tuple[float, ...]


def _alike(ordered: Sequence[Story], threshold: float) -> Iterator[tuple[int, int]]:
    """Pairs whose wording is alike, each once."""
    wordings = _wordings(ordered)
    postings = _postings(wordings)
    ends, undated = _reach(ordered)
    similar = np.zeros(len(ordered))
    for one, wording in enumerate(wordings):
        if len(wording.words) >= FEWEST_WORDS:
            for other in _candidates(one, wording, postings, similar, threshold):
                if other < ends[one] or other >= undated:
                    yield one, other


def _wordings(ordered: Sequence[Story]) -> list[_Wording]:
    counted = [_counts(story) for story in ordered]
    spread = Counter(word for each in counted for word in each)
    rank = {word: place for place, word in enumerate(sorted(spread, key=lambda word: (spread[word], word)))}
    return [_wording(each, spread, rank, len(ordered)) for each in counted]


def _counts(story: Story) -> Counter[str]:
    title, summary = (_WORD.findall(text.casefold()) for text in (story.title, story.summary))
    return Counter([*title, *title, *summary])


def _wording(counts: Counter[str], spread: Counter[str], rank: dict[str, int], stories: int) -> _Wording:
    words = sorted(counts, key=rank.__getitem__)
    weights = [counts[word] * math.log(1 + stories / spread[word]) for word in words]
    length = math.sqrt(math.fsum(weight * weight for weight in weights))
    return _Wording(words=tuple(rank[word] for word in words), weights=tuple(weight / length for weight in weights))


_Posting = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]


def _postings(wordings: Sequence[_Wording]) -> dict[int, _Posting]:
    """For each word, the stories that hold it, in order, and its weight in them."""
    holding: dict[int, tuple[list[int], list[float]]] = {}
    for number, wording in enumerate(wordings):
        if len(wording.words) < FEWEST_WORDS:
            continue
        for word, weight in zip(wording.words, wording.weights, strict=True):
            numbers, weights = holding.setdefault(word, ([], []))
            numbers.append(number)
            weights.append(weight)
    return {word: (np.array(numbers), np.array(weights)) for word, (numbers, weights) in holding.items()}


def _reach(ordered: Sequence[Story]) -> tuple[list[int], int]:
    """For each story the first later one beyond the window, and the first one without a date."""
    undated = next((n for n, story in enumerate(ordered) if story.published is None), len(ordered))
    ends: list[int] = []
    end = 0
    for story in ordered[:undated]:
        while end < undated and _within(story, ordered[end]):
            end += 1
        ends.append(end)
    return [*ends, *([len(ordered)] * (len(ordered) - undated))], undated


def _within(one: Story, other: Story) -> bool:
    return one.published is None or other.published is None or other.published - one.published <= WINDOW


def _candidates(
    one: int,
    wording: _Wording,
    postings: dict[int, _Posting],
    similar: npt.NDArray[np.float64],
    threshold: float,
) -> list[int]:
    """Later stories whose cosine with this one reaches the threshold.

    Words are looked up from the rarest on, until those left could not add up to the threshold by themselves: a pair
    that shares none of the words before cannot reach it (prefix filter; Bayardo, Ma & Srikant 2007). The common words
    are added only for pairs that could reach it with them.
    """
    prefix = _prefix_length(wording, threshold)
    touched = []
    for word, weight in zip(wording.words[:prefix], wording.weights[:prefix], strict=True):
        numbers, weights = postings[word]
        start = int(numbers.searchsorted(one, side="right"))
        similar[numbers[start:]] += weight * weights[start:]
        touched.append(numbers[start:])
    chosen = np.unique(np.concatenate(touched))
    sums = similar[chosen]
    similar[chosen] = 0.0
    left = math.sqrt(math.fsum(weight * weight for weight in wording.weights[prefix:]))
    close = sums >= threshold - left - _ROUNDING
    chosen, sums = chosen[close], sums[close]
    for word, weight in zip(wording.words[prefix:], wording.weights[prefix:], strict=True):
        sums += weight * _weights_in(postings[word], chosen)
    return chosen[sums >= threshold].tolist()


_ROUNDING = 1e-9
"""Far above the rounding of a sum of some hundred weights; it only keeps a pair for the exact sum."""


def _prefix_length(wording: _Wording, threshold: float) -> int:
    """How many words it takes until the rest is shorter than the threshold."""
    left = 1.0
    for length, weight in enumerate(wording.weights):
        if left < threshold * threshold - _ROUNDING:
            return length
        left -= weight * weight
    return len(wording.weights)


def _weights_in(posting: _Posting, chosen: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The weight of a word in the chosen stories; 0 where it does not stand."""
    numbers, weights = posting
    places = np.minimum(numbers.searchsorted(chosen), len(numbers) - 1)
    return np.where(numbers[places] == chosen, weights[places], 0.0)
