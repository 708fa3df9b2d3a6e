"""Two cells of a row that stand in each other's column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations, islice
from typing import NamedTuple

import numpy as np

Array = np.ndarray

SAMPLE = 1_000
"""Values on which a column is judged to hold text."""

MOST_LEFT = 0.5
"""Share of the rows with values known in both columns that may remain after the swaps; else they share one domain."""

LEAST_EVIDENCE = float(np.log(20))
"""Log ratio of the frequencies of the values where they would belong to those where they stand."""

MOST_CONFIDENT = 0.97


class Swap(NamedTuple):
    """Rows in which two columns hold each other's values."""

    columns: tuple[str, str]
    rows: Array
    new: tuple[Array, Array]  # codes for each column
    confidence: Array


def find(codes: Mapping[str, Array], known: Mapping[str, Mapping[str, int]]) -> Iterator[Swap]:
    """Look at every pair of columns of text that have values in common."""
    codes = {each: codes[each] for each in codes if _text(known[each])}
    counts = {each: np.bincount(codes[each][codes[each] >= 0], minlength=len(known[each])) for each in codes}
    for pair in combinations(codes, 2):
        found = _between(pair, codes, known, counts)
        if found is not None and len(found.rows):
            yield found


def _text(known: Mapping[str, int]) -> bool:
    """Whether most values hold a letter: any figure may stand in any column of figures."""
    some = list(islice(known, SAMPLE))
    return sum(any(c.isalpha() for c in each) for each in some) > len(some) / 2


def _between(
    pair: tuple[str, str],
    codes: Mapping[str, Array],
    known: Mapping[str, Mapping[str, int]],
    counts: Mapping[str, Array],
) -> Swap | None:
    one, other = pair
    if known[one].keys().isdisjoint(known[other]):
        return None
    across, back = _across(known[one], known[other]), _across(known[other], known[one])
    a, b = codes[one].astype(np.int64), codes[other].astype(np.int64)
    to_other, to_one = across[a], back[b]
    crossing = (to_other >= 0) & (to_one >= 0) & (a >= 0) & (b >= 0) & (to_one != a)
    rows = np.flatnonzero(crossing)
    stand = _log(counts[one], a[rows], 1) + _log(counts[other], b[rows], 1)
    belong = _log(counts[one], to_one[rows], 0) + _log(counts[other], to_other[rows], 0)
    evidence = belong - stand
    rows, evidence = rows[evidence > LEAST_EVIDENCE], evidence[evidence > LEAST_EVIDENCE]
    new = (to_one[rows], to_other[rows])
    if not len(rows) or _left(a, b, rows, new, across, back) > MOST_LEFT * crossing.sum():
        return None
    return Swap(pair, rows, new, np.minimum(MOST_CONFIDENT, 1 / (1 + np.exp(-evidence))))


def _left(a: Array, b: Array, rows: Array, new: tuple[Array, Array], across: Array, back: Array) -> int:
    """Rows that would still hold values known in both columns, were the given rows swapped."""
    a, b = a.copy(), b.copy()
    a[rows], b[rows] = new
    in_one, in_other = np.zeros(len(across), dtype=bool), np.zeros(len(back), dtype=bool)
    in_one[a[a >= 0]], in_other[b[b >= 0]] = True, True
    to_other, to_one = across[a], back[b]
    return int(((a >= 0) & (b >= 0) & (to_one != a) & in_other[to_other] & in_one[to_one]).sum())


def _across(of: Mapping[str, int], to: Mapping[str, int]) -> Array:
    """For each code of one column the code of the same text in the other; -1 where there is none."""
    found = np.full(len(of) + 1, -1, dtype=np.int64)
    for text in of.keys() & to.keys():
        found[of[text]] = to[text]
    return found


def _log(counts: Array, codes: Array, own: int) -> Array:
    return np.log(np.maximum(counts[codes] - own, 0) + 0.5)
