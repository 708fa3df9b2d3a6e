"""Which entries of a bucket can meet: ranges by binary search over sorted times, in O(n log n + pairs).

Entries of one bucket that carry the same code, such as visits of one person on one day at one agency, are never paired.
To spend nothing on them, the entries are split by the bits of their codes: two different codes differ first, from the
top, at exactly one bit, so that each pair is met once, between the two sides of that bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
Pairs = tuple[Numbers, Numbers]

BLOCK = 250_000
"""Pairs that are handed on at once: some 100 MB once their columns are taken, and little enough for the caches."""


class Entries(NamedTuple):
    """Intervals to be paired; arrays of one length."""

    bucket: Numbers  # only entries of one bucket are paired
    code: Numbers  # only entries of different codes are paired
    start: Numbers
    end: Numbers  # never below start
    reach: Numbers  # how far behind its end another may begin to be paired with it; -1 where only overlaps count

    def take(self, places: Numbers) -> Entries:
        """The entries at these places."""
        return Entries(*(each[places] for each in self))


class _Side(NamedTuple):
    """Entries sorted by group and start, as numbers that compare like both at once."""

    places: Numbers
    start: Numbers
    end: Numbers
    until: Numbers  # just behind where another may begin
    instant: npt.NDArray[np.bool_]  # ends where it starts


def meetings(entries: Entries, *, block: int = BLOCK) -> Iterator[Pairs]:
    """Places of entries that overlap, begin at once, or follow each other within reach; each pair once, in blocks."""
    places = _crowded(entries.bucket, entries.code)
    if not len(places):
        return
    found = entries.take(places)
    group, local = _dense(found.bucket, found.code)
    times = np.sort(np.concatenate([found.start, found.end]))
    times = times[firsts(times)]
    most = np.maximum.reduceat(local, firsts(group))[group]
    ranks = _ranks(found, times)
    for bit in range(int(most.max()).bit_length()):
        active = np.flatnonzero(most >> bit > 0)
        above = _numbered(group[active], local[active] >> (bit + 1))
        one = local[active] >> bit & 1 == 0
        width = np.int64(len(times) + 1)
        left = _side(ranks, active[one], above[one], width)
        right = _side(ranks, active[~one], above[~one], width)
        for first, second in _between(left, right, block):
            yield places[first], places[second]


def _crowded(bucket: Numbers, code: Numbers) -> Numbers:
    """Places of the entries whose buckets hold more than one code, sorted by bucket and code."""
    if not len(bucket):
        return np.empty(0, np.int64)
    order = np.argsort(bucket, kind="stable")
    begins = firsts(bucket[order])
    codes = code[order]
    mixed = np.minimum.reduceat(codes, begins) != np.maximum.reduceat(codes, begins)
    order = order[np.repeat(mixed, np.diff(np.append(begins, len(order))))]
    return order[np.lexsort((code[order], bucket[order]))]


def firsts(sorted_values: Numbers) -> Numbers:
    """Where each run of equal values begins."""
    return np.flatnonzero(np.append(True, sorted_values[1:] != sorted_values[:-1]))


def _dense(bucket: Numbers, code: Numbers) -> Pairs:
    """Buckets numbered from 0, and the codes of each numbered from 0; both come sorted."""
    fresh = np.append(True, bucket[1:] != bucket[:-1])
    other = np.append(False, code[1:] != code[:-1]) & ~fresh
    group = np.cumsum(fresh) - 1
    counted = np.cumsum(other)
    return group, counted - counted[np.flatnonzero(fresh)][group]


def _numbered(group: Numbers, above: Numbers) -> Numbers:
    """Numbers from 0 for runs of entries whose group and higher bits are the same; both come sorted."""
    return np.cumsum(np.append(False, (group[1:] != group[:-1]) | (above[1:] != above[:-1]))).astype(np.int64)


class _Ranks(NamedTuple):
    """Times by their place among all times: small numbers that compare alike."""

    start: Numbers
    end: Numbers
    until: Numbers
    instant: npt.NDArray[np.bool_]


def _ranks(found: Entries, times: Numbers) -> _Ranks:
    start = np.searchsorted(times, found.start)
    end = np.searchsorted(times, found.end)
    until = np.searchsorted(times, found.end + np.maximum(found.reach, 0), side="right")
    return _Ranks(start, end, np.where(found.reach < 0, end, until), found.start == found.end)


def _side(ranks: _Ranks, places: Numbers, group: Numbers, width: np.int64) -> _Side:
    base = group * width
    start = base + ranks.start[places]
    order = np.argsort(start, kind="stable")
    end, until = base + ranks.end[places], base + ranks.until[places]
    return _Side(places[order], start[order], end[order], until[order], ranks.instant[places][order])


def _between(left: _Side, right: _Side, block: int) -> Iterator[Pairs]:
    """Pairs of one entry of each side; the ranges of the two passes share no pair."""
    low = np.searchsorted(right.start, left.start, side="left")
    high = np.searchsorted(right.start, left.until, side="left")
    together = np.searchsorted(right.start, left.start, side="right")  # also what ends where it begins
    yield from _expanded(left.places, right.places, low, np.maximum(high, together), block)
    low = np.searchsorted(left.start, right.start, side="right")
    high = np.searchsorted(left.start, right.until, side="left")
    for second, first in _expanded(right.places, left.places, low, high, block):
        yield first, second


def _expanded(one: Numbers, other: Numbers, low: Numbers, high: Numbers, block: int) -> Iterator[Pairs]:
    """Each of one side with its range of the other."""
    counts = np.maximum(high - low, 0)
    some = np.flatnonzero(counts)
    ends = np.cumsum(counts[some])
    at, done = 0, 0
    while at < len(some):
        to = max(at + 1, int(np.searchsorted(ends, done + block, side="right")))
        chosen = some[at:to]
        sizes = counts[chosen]
        first = np.repeat(chosen, sizes)
        step = np.arange(len(first)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        yield one[first], other[low[first] + step]
        at, done = to, int(ends[to - 1])
