"""Several sources that describe the same entities: what is true where they contradict each other.

Truth and the reliability of the sources are estimated together by expectation-maximisation (Dong, Berti-Equille &
Srivastava 2009, ACCU). A cell that a source leaves empty counts in part against its reliability. The confidence is the
mean over several settings of what cannot be known from the table: how many wrong values there are to choose from, and
how much an empty cell counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations, product
from typing import NamedTuple

import numpy as np

from tablemend.quality.dependencies import Groups, strength
from tablemend.repair.detect import spellings

Array = np.ndarray

SAMPLE = 20_000
"""Rows on which sources and entities are looked for."""

MOST_SOURCES = 1_000

LEAST_UNIQUE = 0.95
"""Share of the rows that must be the only one of their source and entity."""

LEAST_CLAIMS = 3
"""Rows that an entity, and a source, must have on average."""

LEAST_LIFT = 0.3
"""Agreement within entities beyond the base rate from which a column holds claims about the entity."""

MOST_LIFT_BY_SOURCE = 0.3
"""Agreement within sources from which a column describes the source."""

SETTLED = 0.85
"""Strength from which the entity determines a column so well that there is nothing to weigh."""

LEAST_DISPUTED = 2
"""Columns of claims that must be disputed before two columns are taken for source and entity."""

CAUTION = 0.7
"""What is left of a vote's estimated weight: copying that leaves no wrong value in common is not seen."""

FALSE_VALUES = (2, 5, 20)
EMPTY_WEIGHTS = (0.0, 0.5, 1.0)
ITERATIONS = 20
PRIOR = (0.7, 4.0)
"""Reliability of a source before it has been seen, and the cells which that counts for."""


class Claims(NamedTuple):
    """A source column, an entity column, and the columns in which sources make claims about entities."""

    source: str
    entity: str
    targets: tuple[str, ...]


class Verdict(NamedTuple):
    """For each row: the code of the value that its entity has in one column (-1 if unknown), and the confidence."""

    target: str
    codes: Array
    confidence: Array


def find(codes: Mapping[str, Array], values: Mapping[str, Sequence[str]]) -> Claims | None:
    """The pair of columns with the most columns of claims, if there is one."""
    step = max(1, len(next(iter(codes.values()), ())) // SAMPLE)
    codes = {each: codes[each][::step] for each in codes}
    named = [each for each in codes if _repeats(codes[each])]
    options = [
        Claims(source, entity, _targets(codes, source, entity))
        for source, entity in permutations(named, 2)
        if _words(codes[source], values[source]) and _pairwise_unique(codes[source], codes[entity])
    ]
    return max((each for each in options if each.targets), key=lambda each: len(each.targets), default=None)


def _repeats(codes: Array) -> bool:
    distinct = np.count_nonzero(np.bincount(codes[codes >= 0]))
    return bool(distinct > 2 and len(codes) >= LEAST_CLAIMS * distinct and (codes >= 0).all())


def _words(codes: Array, values: Sequence[str]) -> bool:
    """Sources have names; numbers and dates are rather moments or ranks."""
    present = np.flatnonzero(np.bincount(codes[codes >= 0]))[:MOST_SOURCES].tolist()
    return sum(not any(c.isdigit() for c in values[code]) for code in present) > len(present) / 2


def _pairwise_unique(source: Array, entity: Array) -> bool:
    pairs = np.unique(source.astype(np.int64) * (int(entity.max(initial=0)) + 1) + entity)
    return len(pairs) >= LEAST_UNIQUE * len(source)


def _targets(codes: Mapping[str, Array], source: str, entity: str) -> tuple[str, ...]:
    others = [each for each in codes if each not in (source, entity)]
    by_entity = {each: strength(Groups(codes[entity], codes[each]), codes[entity], codes[each]) for each in others}
    claimed = [each for each, found in by_entity.items() if found is not None and found.lift >= LEAST_LIFT]
    targets = tuple(each for each in claimed if _lift(codes[source], codes[each]) < MOST_LIFT_BY_SOURCE)
    disputed = [each for each in targets if (found := by_entity[each]) is not None and found.strength < SETTLED]
    return targets if len(disputed) >= LEAST_DISPUTED else ()


def _lift(determinant: Array, target: Array) -> float:
    found = strength(Groups(determinant, target), determinant, target)
    return found.lift if found is not None else 0.0


def judge(claims: Claims, codes: Mapping[str, Array], values: Mapping[str, Sequence[str]]) -> list[Verdict]:
    """The believed value of every entity in every column of claims."""
    meanings = {each: spellings.meanings(codes[each], values[each]) for each in claims.targets}
    votes = Votes(codes[claims.source], codes[claims.entity], [meanings[each][codes[each]] for each in claims.targets])
    settings = list(product(FALSE_VALUES, EMPTY_WEIGHTS))
    belief = sum((votes.believe(*each) for each in settings), np.zeros(len(votes.keys))) / len(settings)
    return [
        Verdict(target, *votes.winner(place, belief, codes[claims.entity]))
        for place, target in enumerate(claims.targets)
    ]


class Votes:
    """What each source says about each entity, column after column."""

    def __init__(self, source: Array, entity: Array, said: Sequence[Array]) -> None:
        self.source = np.tile(source.astype(np.int64), len(said))
        self.entities = int(entity.max(initial=0)) + 1
        item = np.concatenate([place * self.entities + entity.astype(np.int64) for place in range(len(said))])
        value = np.concatenate(said).astype(np.int64)
        given = value >= 0
        self.cells = np.bincount(self.source)
        self.given = np.bincount(self.source[given], minlength=len(self.cells))
        self.source, item, value = self.source[given], item[given], value[given]
        self.width = int(value.max(initial=0)) + 1
        self.keys, self.claim = np.unique(item * self.width + value, return_inverse=True)
        self.item = self.keys // self.width
        self.start = (
            np.flatnonzero(np.r_[True, self.item[1:] != self.item[:-1]]) if len(self.keys) else np.zeros(0, int)
        )
        self.span = np.diff(np.r_[self.start, len(self.keys)])
        self.weight = self._independence()

    def _independence(self) -> float:
        """Weight of one vote: sources that agree where they are wrong, beyond chance, copy each other.

        The design effect of Kish (1965); chance is that of equally likely wrong values.
        """
        votes = np.bincount(self.claim, minlength=len(self.keys)).astype(float)
        if not len(votes):
            return CAUTION
        most = np.repeat(np.maximum.reduceat(votes, self.start), self.span)
        lost = np.where(votes < most, votes, 0)
        losers = np.add.reduceat(lost, self.start)
        pairs = losers * (losers - 1)
        if pairs.sum() <= 0:
            return CAUTION
        agreement = (lost * (lost - 1)).sum() / pairs.sum()
        chance = (pairs / np.maximum(self.span - 1, 1)).sum() / pairs.sum()
        excess = max(0.0, (agreement - chance) / (1 - chance)) if chance < 1 else 0.0
        return float(CAUTION / (1 + (len(self.claim) / len(self.start) - 1) * excess))

    def believe(self, false_values: float, empty: float) -> Array:
        """Probability of each (entity, column, value) for one setting of what cannot be known."""
        right = np.full(len(self.cells), 0.8)
        belief = np.zeros(len(self.keys))
        for _ in range(ITERATIONS if len(self.keys) else 0):
            weight = self.weight * np.log(right * false_values / (1 - right))
            belief = self._normalised(np.bincount(self.claim, weight[self.source], minlength=len(self.keys)))
            hits = np.bincount(self.source, belief[self.claim], minlength=len(self.cells))
            seen = self.given + empty * (self.cells - self.given)
            right = np.clip((hits + PRIOR[0] * PRIOR[1]) / (seen + PRIOR[1]), 0.05, 0.99)
        return belief

    def _normalised(self, score: Array) -> Array:
        """Softmax within each item, with a share for a value that nobody gives."""
        top = np.repeat(np.maximum.reduceat(score, self.start), self.span)
        weight = np.exp(score - top)
        total = np.repeat(np.add.reduceat(weight, self.start), self.span) + np.exp(-top)
        return weight / total

    def winner(self, place: int, belief: Array, entity: Array) -> tuple[Array, Array]:
        """For each row the likeliest value of one column, and its probability."""
        mine = np.flatnonzero(self.item // self.entities == place)
        order = mine[np.argsort(belief[mine], kind="stable")]
        of = self.item[order] - place * self.entities
        code = np.full(self.entities, -1, dtype=np.int64)
        sure = np.zeros(self.entities)
        code[of] = self.keys[order] % self.width
        sure[of] = belief[order]
        return code[entity], sure[entity]
