"""Cutting ordered weights into groups of neighbours that weigh about the same."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from tablemend.records import Record

LEVEL = 1.25
"""Heaviest group over the mean up to which heavy values are set apart: 1.3 is promised, the rest is for sampling."""
_HEAVY = (0.5, 0.8, math.inf)
"""Shares of an even group from which a value stands alone; the first that keeps the groups level is taken."""


class Group(Record, frozen=True, kw_only=True):
    """Neighbours, from position `first` up to but without `end`."""

    first: int
    end: int
    weight: float
    heavy: bool = False  # one value that weighs too much to share a group


def cut(weights: Sequence[float], parts: int, *, divisible: bool = False) -> list[Group]:
    """Groups of neighbours, about `parts` of them, with the heaviest as light as can be; none is empty.

    A value that is at least half of an even group stands alone where the groups stay level. Where the rows of a value
    are `divisible` by another column, each that is more than an even group stands alone, and takes as many parts.
    """
    if not weights:
        return []
    if divisible:
        return _grouped(weights, parts, 1.0, divisible=True)
    tries = [_grouped(weights, parts, share) for share in _HEAVY]
    return next((each for each in tries if _unevenness(each) <= LEVEL), min(tries, key=_unevenness))


def _unevenness(groups: Sequence[Group]) -> float:
    heaviest = max(each.weight for each in groups)
    return heaviest * len(groups) / sum(each.weight for each in groups)


def _grouped(weights: Sequence[float], parts: int, share: float, *, divisible: bool = False) -> list[Group]:
    even = sum(weights) / parts
    limit = even * share
    heavy = [n for n, weight in enumerate(weights) if weight >= limit] if parts > 1 else []
    taken = sum(round(weights[n] / even) for n in heavy) if divisible else len(heavy)
    runs = list(_runs(len(weights), heavy))
    groups = [Group(first=n, end=n + 1, weight=weights[n], heavy=True) for n in heavy]
    for (first, end), count in zip(runs, _allotted(weights, runs, parts - taken), strict=True):
        groups += _filled(weights, first, end, _capacity(weights, [(first, end)], count))
    return sorted(groups, key=lambda each: each.first)


def _runs(size: int, heavy: Sequence[int]) -> Iterator[tuple[int, int]]:
    """What lies between the heavy values."""
    edges = [-1, *heavy, size]
    return ((a + 1, b) for a, b in pairwise(edges) if b > a + 1)


def _allotted(weights: Sequence[float], runs: list[tuple[int, int]], parts: int) -> list[int]:
    """How many groups each run gets, so that the heaviest of all is lightest."""
    capacity = _capacity(weights, runs, max(parts, len(runs)))
    return [len(_filled(weights, first, end, capacity)) for first, end in runs]


def _capacity(weights: Sequence[float], runs: list[tuple[int, int]], parts: int) -> float:
    """The least weight of a group with which so many are enough, by halving; within a thousandth of an even share."""
    inside = [weights[n] for first, end in runs for n in range(first, end)]
    if not inside:
        return 0.0
    low, high = max(*inside, sum(inside) / parts), sum(inside)
    step = low / 1000
    if _count(weights, runs, low) <= parts:
        return low
    while high - low > step:
        middle = (low + high) / 2
        low, high = (low, middle) if _count(weights, runs, middle) <= parts else (middle, high)
    return high


def _count(weights: Sequence[float], runs: list[tuple[int, int]], capacity: float) -> int:
    return sum(len(_filled(weights, first, end, capacity)) for first, end in runs)


def _filled(weights: Sequence[float], first: int, end: int, capacity: float) -> list[Group]:
    """Groups from left to right, each as full as the capacity allows."""
    found, start, weight = [], first, 0.0
    for n in range(first, end):
        if n > start and weight + weights[n] > capacity * (1 + 1e-9):
            found.append(Group(first=start, end=n, weight=weight))
            start, weight = n, 0.0
        weight += weights[n]
    return [*found, Group(first=start, end=end, weight=weight)]
