"""The probability of each candidate for a cell, given the other cells of its row and the value observed.

Naive Bayes over the determining columns, each of which may itself be wrong, with a typing-error channel: the model of
Mayfield et al. (ERACER, 2010) and of HoloClean (Rekatsinas et al., 2017) in closed form, without training labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tablemend.quality.dependencies import Groups
from tablemend.repair.detect.channel import Channel
from tablemend.repair.detect.compositions import Composed

Array = np.ndarray

SMOOTHING = 0.5
"""Rows that the base rate counts for in a group."""

INDEPENDENCE = 0.6
"""Weight of each determinant's evidence: determinants of one table overlap in what they know."""

ERROR_RATE = (0.05, 0.001, 0.3)
"""First guess and bounds of the share of wrong cells of a column."""

OUTWEIGHED = 3
"""How many times more rows of a group must hold a similar value for a likely misspelling to lose its own support."""

NEAR_BY_CHANCE = 0.05
"""Share of the rare values that look like a frequent one without being its misspelling."""

UNSEEN = 0.05
"""Share of the values never seen that look like a given misspelling."""

PRIOR_CELLS = 100
"""Cells that the first guess of the share of wrong cells counts for."""

ITERATIONS = 3
LEAST_REST = 1e-6
TINY = 1e-12
"""Floors that keep logarithms finite."""

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


class Suspects(NamedTuple):
    """Rows to judge, and for each the codes that could stand there."""

    rows: Array  # positions
    own: Array  # what stands there
    candidates: Array  # one column each, -1 pads; the last is what stands there
    spelled: Array  # likelihood of what stands there, were it a misspelling of the candidate
    elsewhere: Array  # the same for a value that is not among the candidates


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
        self.odds = np.zeros(len(values) + 1)  # what the weak codes would be likely to be, were they meant

    def decide(self, channel: Channel, neighbours: dict[int, list[int]]) -> Decided:
        """Judge every row that some determinant contradicts, that is blank, or that has a likelier spelling."""
        self.weak[list(neighbours)] = True
        self.odds[self.weak] = self._meant()
        suspects = self._suspects(channel, neighbours)
        if not len(suspects.rows):
            return Decided(suspects.rows, suspects.rows, np.zeros(0))
        probability = self._settle(suspects, self._evidence(suspects))
        best = probability.argmax(axis=1)
        at = np.arange(len(suspects.rows))
        return Decided(suspects.rows, suspects.candidates[at, best], probability[at, best])

    def _suspects(self, channel: Channel, neighbours: dict[int, list[int]]) -> Suspects:
        rows = self._doubted(neighbours)
        spoken = [each.groups.others(each.codes[rows], self.codes[rows])[0] for each in self.determinants]
        contradicted = self.weak[self.codes[rows]]
        for best in spoken:
            contradicted |= (best >= 0) & (best != self.codes[rows]) & (best != self.blank)
        rows, spoken = rows[contradicted], [best[contradicted] for best in spoken]
        own = self.codes[rows]
        offered = np.column_stack([*spoken, *self._near(neighbours)[:, own]])
        barred = self.weak[offered] | (offered == self.blank)
        candidates = _without_repeats(np.column_stack([np.where(barred, -1, offered), own]))
        spelled = self._spelled(own, candidates, channel)
        return Suspects(
            rows, own, candidates, spelled, self._elsewhere(own, neighbours) * spelled.max(axis=1, initial=0)
        )

    def _doubted(self, neighbours: dict[int, list[int]]) -> Array:
        """Rows that may be suspect, found with little work in each."""
        doubted = self.weak[self.codes] if neighbours else np.zeros(len(self.codes), dtype=bool)
        for each in self.determinants:
            doubted |= ~each.groups.agrees(each.codes, self.codes)
        return np.flatnonzero(doubted)

    def _meant(self) -> Array:
        """Share of the rows with a value about as rare as each weak one, that looks like a frequent one by chance."""
        sure = np.sort(self.counts[:-1][~self.weak[:-1] & (self.counts[:-1] > 0)])
        own = self.counts[self.weak]
        alike = np.searchsorted(sure, 2 * own, side="right") - np.searchsorted(sure, own / 2)
        return np.minimum(NEAR_BY_CHANCE * (alike * own + 0.5), own) / self.rows

    def _near(self, neighbours: dict[int, list[int]]) -> Array:
        """The two likeliest neighbours of each code; -1 pads."""
        near = np.full((2, len(self.values) + 1), -1, dtype=np.int64)
        for code, others in neighbours.items():
            near[: len(others[:2]), code] = others[:2]
        return near

    def _spelled(self, own: Array, candidates: Array, channel: Channel) -> Array:
        width = len(self.values) + 2
        pairs, back = np.unique(own[:, None] * width + candidates + 1, return_inverse=True)
        found = [
            channel.likelihood(self.values[o], self.values[v - 1], figures=True)
            if v and o not in (v - 1, self.blank)
            else 0
            for o, v in (divmod(pair, width) for pair in pairs.tolist())
        ]
        return np.asarray(found, dtype=float)[back.ravel()].reshape(candidates.shape)

    def _elsewhere(self, own: Array, neighbours: dict[int, list[int]]) -> Array:
        """Share of the values that look like what stands there, other than the candidates."""
        single = np.count_nonzero((self.counts == 1) & ~self.weak)
        share = np.zeros(len(self.values) + 1)
        for code, others in neighbours.items():
            share[code] = self.counts[others[2:]].sum()
        return (UNSEEN * single + share[own]) / self.rows

    def _evidence(self, suspects: Suspects) -> Array:
        """Log probability of each candidate before looking at what is observed; the last column is any other value."""
        candidates, standing = suspects.candidates, suspects.candidates == suspects.own[:, None]
        seen = np.where(candidates >= 0, self.counts[candidates], 0) - standing
        base = np.where(self.weak[candidates], self.odds[candidates], np.maximum(seen, 0.5) / self.rows)
        rest = np.maximum(1 - np.where(candidates >= 0, base, 0).sum(axis=1), LEAST_REST)
        base = np.column_stack([base, rest])
        total = np.log(base)
        for each in self.determinants:
            total += _spoken(each, suspects, standing, base)
        total[:, :-1][candidates < 0] = -np.inf
        return total

    def _settle(self, suspects: Suspects, known: Array) -> Array:
        """The posterior, with the shares of wrong and of lost cells estimated along with it."""
        empty = suspects.own == self.blank
        error, lost = ERROR_RATE[0], max(self.counts[self.blank] / self.rows, ERROR_RATE[1])
        for _ in range(ITERATIONS):
            score = known + np.log(np.maximum(self._written(suspects, error, lost), TINY))
            weight = np.exp(score - score.max(axis=1, keepdims=True))
            probability = (weight / weight.sum(axis=1, keepdims=True))[:, :-1]
            changed = (probability * (suspects.candidates != suspects.own[:, None])).sum(axis=1)
            wrong = changed[~empty].sum() + ERROR_RATE[0] * PRIOR_CELLS
            error = float(np.clip(wrong / (self.rows + PRIOR_CELLS), *ERROR_RATE[1:]))
            lost = float(np.clip(changed[empty].sum() / self.rows, ERROR_RATE[1], 1))
        return probability

    def _written(self, suspects: Suspects, error: float, lost: float) -> Array:
        """Likelihood of what stands in each row for each candidate, and for any other value."""
        own, empty = suspects.own, suspects.own == self.blank
        observed = np.where(self.weak[own], self.odds[own], np.maximum(self.counts[own] - 1, 0.5) / self.rows)
        wrong = error * (TYPING * suspects.spelled + (1 - TYPING) * observed[:, None])
        unknown = error * (TYPING * suspects.elsewhere + (1 - TYPING) * observed)
        written = np.column_stack([np.where(suspects.candidates == own[:, None], 1 - error, wrong), unknown])
        blank = np.column_stack(
            [np.where(suspects.candidates == own[:, None], 1 - lost, lost), np.full(len(own), lost)]
        )
        return np.where(empty[:, None], blank, written)


def _spoken(determinant: Determinant, suspects: Suspects, standing: Array, base: Array) -> Array:
    """What one determinant adds to the log probability of each candidate and of any other value."""
    of = determinant.codes[suspects.rows]
    count, size = determinant.groups.support(of, suspects.own, suspects.candidates)
    likelier = np.where(suspects.spelled > 0, count, 0).max(axis=1)[:, None]
    count = np.where(standing & (count * OUTWEIGHED <= likelier), 0, count)
    count = np.column_stack([count, np.zeros(len(of))])
    share = (count + SMOOTHING * base) / (size[:, None] + SMOOTHING)
    mixed = determinant.strength * share + (1 - determinant.strength) * base
    return np.where((size > 0)[:, None], determinant.weight * np.log(mixed / base), 0)


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
