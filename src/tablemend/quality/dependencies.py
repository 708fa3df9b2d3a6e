"""Approximate functional dependencies between two columns, found by leave-one-out votes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from itertools import permutations

import numpy as np

from tablemend.records import Dependency

Array = np.ndarray

LEAST_STRENGTH = 0.8
"""Share of rows whose group must agree with them for a dependency to be believed."""

LEAST_LIFT = 0.3
"""Share of the base rate's errors that the determinant must remove (Goodman & Kruskal's lambda)."""

LEAST_ROWS = 20
"""Rows in groups of two or more below which agreement is chance."""

LEAST_COVERAGE = 0.2
"""Share of the filled rows that must stand in groups of two or more."""


RANKS = 3


class Groups:
    """The values of a target column counted within each value of a determinant column."""

    def __init__(self, determinant: Array, target: Array) -> None:
        filled = (determinant >= 0) & (target >= 0)
        b, a = determinant[filled].astype(np.int64), target[filled].astype(np.int64)
        self.width = int(target.max(initial=-1)) + 1
        self.height = int(determinant.max(initial=-1)) + 1
        self.keys, self.counts = np.unique(b * max(self.width, 1) + a, return_counts=True)
        self.sizes = np.bincount(b, minlength=self.height)

    @cached_property
    def purity(self) -> float:
        """Share of the rows that hold the most frequent target of their group; no less than `strength` gives."""
        groups, start = self._starts()
        return float(np.maximum.reduceat(self.counts, start).sum() / self.counts.sum()) if len(groups) else 0.0

    def _starts(self) -> tuple[Array, Array]:
        groups = self.keys // max(self.width, 1)
        return groups, np.flatnonzero(np.r_[len(groups) > 0, groups[1:] != groups[:-1]])

    @cached_property
    def top(self) -> Array:
        """The three most frequent targets of each group: leaving a row out can make ties of these only."""
        return self._ranked[0]

    @cached_property
    def top_count(self) -> Array:
        """How often these occur."""
        return self._ranked[1]

    @cached_property
    def _ranked(self) -> tuple[Array, Array]:
        groups, start = self._starts()
        values = self.keys % max(self.width, 1)
        top = np.full((RANKS, self.height), -1, dtype=np.int64)
        top_count = np.zeros((RANKS, self.height), dtype=np.int64)
        left = self.counts.copy()
        for rank in range(RANKS if len(groups) else 0):
            most = np.maximum.reduceat(left, start)
            place = np.flatnonzero((left == np.repeat(most, np.diff(np.r_[start, len(groups)]))) & (left > 0))
            place = place[np.r_[True, groups[place][1:] != groups[place][:-1]]] if len(place) else place
            top[rank, groups[place]] = values[place]
            top_count[rank, groups[place]] = self.counts[place]
            left[place] = 0
        return top, top_count

    def count(self, determinant: Array, target: Array) -> Array:
        """How often each target value stands beside each determinant value; 0 where either is missing."""
        if not len(self.keys):
            return np.zeros(np.broadcast(determinant, target).shape, dtype=np.int64)
        wanted = determinant.astype(np.int64) * max(self.width, 1) + target
        place = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        found = (self.keys[place] == wanted) & (determinant >= 0) & (target >= 0)
        return np.where(found, self.counts[place], 0)

    def size(self, determinant: Array) -> Array:
        """Filled rows in the group of each determinant value."""
        if not self.height:
            return np.zeros(len(determinant), dtype=np.int64)
        return np.where(determinant >= 0, self.sizes[np.maximum(determinant, 0)], 0)

    def support(self, determinant: Array, own: Array, candidates: Array) -> tuple[Array, Array]:
        """How often each candidate stands in the *other* rows of each row's group, and how many rows these are."""
        standing = (candidates == own[:, None]) & (candidates >= 0) & (determinant >= 0)[:, None]
        alone = (determinant >= 0) & (own >= 0)
        return self.count(determinant[:, None], candidates) - standing, self.size(determinant) - alone

    def agrees(self, determinant: Array, target: Array) -> Array:
        """Whether a row holds what most other rows of its group hold, or stands in no group; cheaper than `others`."""
        if not self.height:
            return np.ones(len(determinant), dtype=bool)
        usual = np.where(self.top_count[0] > self.top_count[1] + 1, self.top[0], -1)
        return (usual[determinant] == target) | (determinant < 0)

    def others(self, determinant: Array, target: Array) -> tuple[Array, Array]:
        """The most frequent target value among the *other* rows of each row's group, and the rows of that group.

        The value is -1 where there is none, or where two are equally frequent.
        """
        if not self.height:
            return np.full(len(determinant), -1), np.zeros(len(determinant), dtype=np.int64)
        safe = np.maximum(determinant, 0)
        own = (determinant >= 0) & (target >= 0)
        values = self.top[:, safe]
        counts = self.top_count[:, safe] - (own & (values == target))
        place = counts.argmax(axis=0)
        most = counts.max(axis=0)
        best = np.take_along_axis(values, place[None, :], axis=0)[0]
        clear = (determinant >= 0) & (most > 0) & ((counts == most).sum(axis=0) == 1)
        return np.where(clear, best, -1), self.size(determinant) - own


def strength(groups: Groups, determinant: Array, target: Array) -> Dependency | None:
    """How well the other rows of a group foretell a row's value; None where too few rows have company.

    The strength is 1 - g3 (Kivinen & Mannila 1995) counted leave-one-out, over the rows that have company.
    """
    best, company = groups.others(determinant, target)
    judged = (company > 0) & (target >= 0)
    rows = int(judged.sum())
    if rows < LEAST_ROWS or rows < LEAST_COVERAGE * int((target >= 0).sum()):
        return None
    right = float((best[judged] == target[judged]).mean())
    base = float(np.bincount(target[judged]).max() / rows)
    lift = (right - base) / (1 - base) if base < 1 else 0.0
    return Dependency(determinant="", target="", strength=right, lift=lift, groups=int((groups.sizes > 1).sum()))


def discover(columns: Mapping[str, Array]) -> list[Dependency]:
    """The believable dependencies among columns given as dictionary codes, strongest first."""
    frequencies = {each: np.sort(np.bincount(codes[codes >= 0]))[::-1] for each, codes in columns.items()}
    found = [
        Dependency(determinant=b, target=a, strength=each.strength, lift=each.lift, groups=each.groups)
        for b, a in permutations(columns, 2)
        if _possible(frequencies[b], frequencies[a])
        and (groups := Groups(columns[b], columns[a])).purity >= LEAST_STRENGTH
        and (each := strength(groups, columns[b], columns[a])) is not None
    ]
    strong = [each for each in found if each.strength >= LEAST_STRENGTH and each.lift >= LEAST_LIFT]
    return sorted(strong, key=lambda each: (-each.strength, each.determinant, each.target))


def _possible(determinant: Array, target: Array) -> bool:
    """Whether enough rows have company, and the determinant has enough values to tell those of the target apart."""
    company = determinant[determinant > 1].sum()
    told = target[: np.count_nonzero(determinant)].sum()
    return bool(
        company >= max(LEAST_ROWS, LEAST_COVERAGE * target.sum() / 2) and told >= LEAST_STRENGTH * target.sum() > 0
    )
