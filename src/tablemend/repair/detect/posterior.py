"""The probability of each candidate for a cell, given the other cells of its row and the value observed.

Naive Bayes over the determining columns, each of which may itself be wrong, with a typing-error channel: the model of
Mayfield et al. (ERACER, 2010) and of HoloClean (Rekatsinas et al., 2017) in closed form, without training labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tablemend.quality.dependencies import Groups
from tablemend.repair.detect.compositions import Composed
from tablemend.repair.detect.channel import Channel

Array = np.ndarray

SMOOTHING = 0.5
"""Rows that the base rate counts for in a group."""

INDEPENDENCE = 0.6
"""Weight of each determinant's evidence: determinants of one table overlap in what they know."""

ERROR_RATE = (0.05, 0.001, 0.3)
"""First guess and bounds of the share of wrong cells of a column."""

OUTWEIGHED = 3
"""How many times more rows of a group must hold a similar value for a likely misspelling to lose its own support."""

UNSEEN = 0.05
"""Share of the values never seen that look like a given misspelling."""

TINY = 1e-12

TYPING = 0.5
"""Share of the errors that are misspellings rather than other values of the column."""


class Determinant(NamedTuple):
    """A column that speaks for the target."""

    name: str
    codes: Array
    groups: Groups | Composed
    strength: float
    weight: float = INDEPENDENCE


class Decided(NamedTuple):
    """The best candidate of each suspect row."""

    rows: Array  # positions
    new: Array  # codes of the target
    probability: Array


class Target:
    """One column whose cells are judged."""

    def __init__(self, codes: Array, values: Sequence[str], determinants: Sequence[Determinant]) -> None:
        self.blank = len(values)  # the code of an empty cell, which may be meant so
        self.codes = with_blank(codes, self.blank)
        self.values = values
        self.determinants = determinants
        self.counts = np.bincount(self.codes, minlength=len(values) + 1)
        self.rows = max(len(codes), 1)
        self.weak = np.zeros(len(values) + 1, dtype=bool)  # codes that look like a misspelling of a frequent one

    def decide(self, channel: Channel, neighbours: dict[int, list[int]]) -> Decided:
        """Judge every row that some determinant contradicts, that is blank, or that has a likelier spelling."""
        self.weak[list(neighbours)] = True
        rows, candidates = self._candidates(neighbours)
        if not len(rows):
            return Decided(rows, rows, np.zeros(0))
        own = self.codes[rows]
        spelled = self._spelled(own, candidates, channel)
        known = self._evidence(rows, candidates, spelled > 0)
        elsewhere = self._elsewhere(rows, candidates, neighbours, spelled)
        error, lost = ERROR_RATE[0], max(self.counts[self.blank] / self.rows, ERROR_RATE[1])
        for _ in range(3):
            probability = self._posterior(known, own, candidates, spelled, elsewhere, error, lost)
            changed = (probability * (candidates != own[:, None])).sum(axis=1)
            error = float(np.clip(changed[own != self.blank].sum() / self.rows, *ERROR_RATE[1:]))
            lost = float(np.clip(changed[own == self.blank].sum() / self.rows, ERROR_RATE[1], 1))
        best = probability.argmax(axis=1)
        at = np.arange(len(rows))
        return Decided(rows, candidates[at, best], probability[at, best])

    def _candidates(self, neighbours: dict[int, list[int]]) -> tuple[Array, Array]:
        """Suspect rows, and for each the codes that could stand there (-1 pads; the last is what stands there)."""
        spoken = [each.groups.others(each.codes, self.codes)[0] for each in self.determinants]
        suspect = np.zeros(len(self.codes), dtype=bool)
        for best in spoken:
            suspect |= (best >= 0) & (best != self.codes) & (best != self.blank)
        if neighbours:
            suspect |= self.weak[self.codes]
        rows = np.flatnonzero(suspect)
        offered = np.column_stack([*(best[rows] for best in spoken), *self._near(neighbours)[:, self.codes[rows]]])
        barred = self.weak[offered] | (offered == self.blank)
        return rows, _without_repeats(np.column_stack([np.where(barred, -1, offered), self.codes[rows]]))

    def _near(self, neighbours: dict[int, list[int]]) -> Array:
        """The two likeliest neighbours of each code; -1 pads."""
        near = np.full((2, len(self.values) + 1), -1, dtype=np.int64)
        for code, others in neighbours.items():
            near[: len(others[:2]), code] = others[:2]
        return near

    def _evidence(self, rows: Array, candidates: Array, alike: Array) -> Array:
        """Log probability of each candidate before looking at what is observed; the last column is any other value."""
        own = self.codes[rows]
        standing = (candidates == own[:, None]) & (candidates >= 0)
        seen = np.where(candidates >= 0, self.counts[candidates], 0) - standing
        base = np.maximum(np.where(self.weak[candidates], 0, seen), 0.5) / self.rows
        rest = np.maximum(1 - np.where(candidates >= 0, base, 0).sum(axis=1), 1e-6)
        base = np.column_stack([base, rest])
        total = np.log(base)
        for each in self.determinants:
            of = each.codes[rows]
            count, size = each.groups.support(of, own, candidates)
            likelier = np.where(alike, count, 0).max(axis=1)[:, None]
            outweighed = standing & (count * OUTWEIGHED <= likelier)
            count = np.column_stack([np.where(outweighed, 0, count), np.zeros(len(rows))])
            share = (count + SMOOTHING * base) / (size[:, None] + SMOOTHING)
            mixed = each.strength * share + (1 - each.strength) * base
            total += np.where((size > 0)[:, None], each.weight * np.log(mixed / base), 0)
        total[:, :-1][candidates < 0] = -np.inf
        return total

    def _elsewhere(self, rows: Array, candidates: Array, neighbours: dict[int, list[int]], spelled: Array) -> Array:
        """Likelihood of what is observed, were it a misspelling of a value that is not among the candidates."""
        own = self.codes[rows]
        single = (self.counts == 1) & ~self.weak
        unseen = UNSEEN * single.sum() / self.rows * spelled.max(axis=1, initial=0)
        if not neighbours:
            return unseen
        left = {
            code: self.counts[others[2:]].sum() / self.rows for code, others in neighbours.items() if len(others) > 2
        }
        more = np.zeros(len(self.values) + 1)
        more[list(left)] = list(left.values())
        return unseen + more[own] * spelled.max(axis=1, initial=0)

    def _spelled(self, own: Array, candidates: Array, channel: Channel) -> Array:
        """Likelihood of what is observed, were it a misspelling of each candidate."""
        flat = np.column_stack([np.repeat(own, candidates.shape[1]), candidates.ravel()])
        pairs, back = np.unique(flat, axis=0, return_inverse=True)
        found = [
            channel.likelihood(self.values[o], self.values[v], figures=True)
            if v >= 0 and o not in (v, self.blank)
            else 0.0
            for o, v in pairs.tolist()
        ]
        return np.asarray(found)[back.ravel()].reshape(candidates.shape)

    def _posterior(
        self, known: Array, own: Array, candidates: Array, spelled: Array, elsewhere: Array, error: float, lost: float
    ) -> Array:
        """Bayes' rule: what each candidate is likely to be, times how likely it is then written as observed."""
        empty = own == self.blank
        seen = np.where(self.weak[own], 0, self.counts[own] - 1)
        observed = np.maximum(seen, 0.5) / self.rows
        other = error * (TYPING * spelled + (1 - TYPING) * observed[:, None])
        other = np.where(empty[:, None], lost, other)
        written = np.where(candidates == own[:, None], np.where(empty, 1 - lost, 1 - error)[:, None], other)
        unknown = error * ((1 - TYPING) * observed + TYPING * elsewhere)
        written = np.column_stack([written, np.where(empty, lost, unknown)])
        score = known + np.log(np.maximum(written, TINY))
        score -= score.max(axis=1, keepdims=True)
        weight = np.exp(score)
        return (weight / weight.sum(axis=1, keepdims=True))[:, :-1]


def with_blank(codes: Array, blank: int) -> Array:
    """Codes in which an empty cell is a value of its own."""
    return np.where(codes < 0, blank, codes).astype(np.int64)


def _without_repeats(candidates: Array) -> Array:
    """The same rows with -1 for a value that stands further right as well."""
    result = candidates.copy()
    for place in range(result.shape[1] - 1):
        again = (result[:, place : place + 1] == result[:, place + 1 :]).any(axis=1)
        result[again, place] = -1
    return result
