"""Cells that contradict what the other cells of their row say, and blanks that those cells can fill."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tablemend.quality import dependencies
from tablemend.quality.dependencies import Groups
from tablemend.records import Dependency, Proposal
from tablemend.repair.detect import compositions, edits, neighbours, panels, sources, swaps, tokens
from tablemend.repair.detect.channel import Channel, learn
from tablemend.repair.detect.compositions import Composed, Composition
from tablemend.repair.detect.posterior import INDEPENDENCE, Array, Determinant, Target, with_blank
from tablemend.repair.detect.sources import Claims
from tablemend.repair.workbench import Workbench

SAMPLE = 20_000
"""Rows on which dependencies are discovered, at most."""

SAMPLE_PAIRS = 5_000_000
"""Rows times pairs of columns on which they are discovered, at most."""

LEAST_SAMPLE = 1_000

MOST_COLUMNS = 80
"""Columns that are looked at together; those with most values say most."""

MOST_DETERMINANTS = 6
"""Columns that speak for one target: more of them say the same again."""

REPEATED = 0.2
"""Weight of a determinant that only repeats what a composition says."""

ROUNDS = 3
"""Passes over all columns; later ones see what earlier ones repaired."""

MOST_BRIEF = 0.9
"""Most confidence in a short value alone: below the gate, since names and codes come in pairs one letter apart."""

LEAST_SURE = 0.5
"""Probability under which a change is more likely wrong than right."""


def detect(workbench: Workbench) -> Iterator[Proposal]:
    """Propose repairs and fills by dependency, with misspellings judged in the same model."""
    grid = Grid(workbench)
    grid.unswap()
    grid.reconcile()
    for _ in range(ROUNDS):
        if not grid.improve():
            break
    grid.complete()
    grid.spell()
    yield from grid.proposals()


class Grid:
    """The columns as codes, changed step by step towards what they should say."""

    def __init__(self, workbench: Workbench) -> None:
        self.workbench = workbench
        self.columns = _columns(workbench)
        self.values = {each: list(workbench.encoded(each).values) for each in self.columns}
        self.known = {each: {v: i for i, v in enumerate(self.values[each])} for each in self.columns}
        self.codes: dict[str, Array] = {each: workbench.encoded(each).codes.copy() for each in self.columns}
        self.confidence = {each: np.zeros(workbench.rows) for each in self.columns}
        self.believed: dict[str, list[Dependency]] = {}
        self.compositions: dict[str, Composition] = {}
        self.version = dict.fromkeys(self.columns, 0)  # grows with every change of a column
        self.decided: dict[str, object] = {}  # what each column's last decision rested on
        self.claims: dict[str, Claims] = {}
        self.channel = Channel()
        self.near: dict[tuple[str, int, str | None], dict[int, list[int]]] = {}  # by column, version and mask
        self.channel = learn(self._lookalikes())

    def improve(self) -> bool:
        """One pass over the columns that may still change; whether a cell changed."""
        self._discover()
        decided = [self._decide(each) for each in self.columns if each not in self.claims and self._stale(each)]
        self.channel = learn([*self._changes(), *self._lookalikes()])
        return any(decided)

    def _stale(self, column: str) -> bool:
        """Whether something that the column's last decision rested on has changed since."""
        heads = [each.determinant for each in self.believed[column]]
        state = (self.channel.mask, tuple(heads), tuple(self.version[each] for each in [column, *heads]))
        seen, self.decided[column] = self.decided.get(column), state
        return seen != state

    def unswap(self) -> None:
        """Put cells that stand in each other's column where they belong."""
        for swap in swaps.find(self.codes, self.known):
            for column, new in zip(swap.columns, swap.new, strict=True):
                self._take(column, swap.rows, new, swap.confidence)

    def reconcile(self) -> None:
        """Decide between sources that contradict each other; what is decided so is not voted on again."""
        claims = sources.find(self.codes, self.values)
        if claims is None:
            return
        for verdict in sources.judge(claims, self.codes, self.values):
            rows = np.flatnonzero(verdict.codes >= 0)
            self._take(verdict.target, rows, verdict.codes[rows], verdict.confidence[rows])
            self.claims[verdict.target] = claims

    def complete(self) -> None:
        """Fill blanks of columns that go through the same values for every entity."""
        for column in self.columns:
            found = panels.find(column, self.codes, len(self.known[column]))
            if found is not None:
                self._take(column, found.rows, found.new, np.full(len(found.rows), found.confidence))

    def spell(self) -> None:
        """Repair misspelled words inside values that no other cell vouches for."""
        for column in self.columns:
            codes, known = self.codes[column], self.known[column]
            counts = np.bincount(codes[codes >= 0], minlength=len(known))
            for old, (text, confidence) in tokens.repair(self.values[column], counts, self.channel).items():
                rows = np.flatnonzero(codes == old)
                new = known.setdefault(text, len(known))
                self._take(column, rows, np.full(len(rows), new), np.full(len(rows), confidence))
            self.values[column] = list(known)

    def _discover(self) -> None:
        sample = max(LEAST_SAMPLE, min(SAMPLE, SAMPLE_PAIRS // max(len(self.columns) ** 2, 1)))
        step = max(1, -(-self.workbench.rows // sample))
        if self.believed and step > 1:
            return
        found = dependencies.discover({each: self.codes[each][::step] for each in self.columns})
        self.compositions = {each.target: each for each in compositions.discover(self.codes, self.values)}
        self.believed = {each: [d for d in found if d.target == each][:MOST_DETERMINANTS] for each in self.columns}

    def _decide(self, column: str) -> bool:
        composed = [self._composed(self.compositions[column])] if column in self.compositions else []
        speaking = composed + [
            Determinant(d.determinant, self.codes[d.determinant], self._groups(d), d.strength, self._weight(d))
            for d in self.believed[column]
        ]
        target, near = Target(self.codes[column], self.values[column], speaking), self._near(column)
        if speaking:
            found = target.decide(self.channel, near)
            return self._take(column, found.rows, found.new, found.probability)
        found = target.decide(self.channel, neighbours.unaided(near, self.values[column], target.counts, self.channel))
        return self._take(
            column, found.rows, found.new, np.minimum(found.probability, self._ceiling(column)[found.new])
        )

    def _ceiling(self, column: str) -> Array:
        """Most confidence in each value where no other column has a say."""
        brief = [len(each) <= neighbours.BRIEF for each in self.values[column]]
        return np.where([*brief, False], MOST_BRIEF, 1.0)

    def _near(self, column: str) -> dict[int, list[int]]:
        """The neighbours of the column's values as they stand."""
        state = (column, self.version[column], self.channel.mask)
        if state not in self.near:
            codes = self.codes[column]
            counts = np.bincount(codes[codes >= 0], minlength=len(self.values[column]))
            self.near[state] = neighbours.find(self.values[column], counts, self.channel)
        return self.near[state]

    def _lookalikes(self) -> list[tuple[str, str]]:
        """Rare values, each with the frequent value of its column that it may be a misspelling of."""
        return [
            (self.values[column][old], self.values[column][new[0]])
            for column in self.columns
            for old, new in self._near(column).items()
        ]

    def _composed(self, composition: Composition) -> Determinant:
        known = self.known[composition.target]
        codes = compositions.compose(composition, self.codes, self.values, known)
        self.values[composition.target] = list(known)
        return Determinant(composition.head, codes, Composed(), composition.strength, 1.0)

    def _weight(self, dependency: Dependency) -> float:
        """What a composition says already, its parts and what determines them need not say again."""
        composed = self.compositions.get(dependency.target)
        if composed is None:
            return INDEPENDENCE
        parts = {composed.head, composed.tail}
        says = {d.target for each in parts for d in self.believed[each] if d.determinant == dependency.determinant}
        return REPEATED if dependency.determinant in parts or says else INDEPENDENCE

    def _groups(self, dependency: Dependency) -> Groups:
        target = with_blank(self.codes[dependency.target], len(self.values[dependency.target]))
        return Groups(self.codes[dependency.determinant], target)

    def _take(self, column: str, rows: Array, new: Array, probability: Array) -> bool:
        codes = self.codes[column]
        sure = (new >= 0) & (new < len(self.known[column])) & (new != codes[rows]) & (probability >= LEAST_SURE)
        self.confidence[column][rows[sure]] = probability[sure]
        codes[rows[sure]] = new[sure]
        self.version[column] += bool(sure.any())
        return bool(sure.any())

    def _changed(self, column: str) -> Array:
        before = self.workbench.encoded(column).codes
        return np.flatnonzero((self.codes[column] != before) & (self.codes[column] >= 0))

    def _alike(self, column: str, rows: Array) -> Array:
        """Whether each changed cell keeps its meaning and only its spelling changes."""
        before, values = self.workbench.encoded(column).codes, self.values[column]
        pairs = list(zip(before[rows].tolist(), self.codes[column][rows].tolist(), strict=True))
        known = {
            (old, new): old >= 0 and self.channel.likelihood(values[old], values[new], figures=True) > 0
            for old, new in set(pairs)
        }
        return np.asarray([known[each] for each in pairs], dtype=bool)

    def _changes(self) -> Iterator[tuple[str, str]]:
        for column in self.columns:
            values, before = self.values[column], self.workbench.encoded(column).codes
            rows = self._changed(column)
            pairs = {(int(before[row]), int(self.codes[column][row])) for row in rows.tolist()}
            yield from ((values[old], values[new]) for old, new in sorted(pairs) if old >= 0)

    def _determinants(self, column: str) -> list[str]:
        if column in self.claims:
            return [self.claims[column].entity, self.claims[column].source]
        return [each.determinant for each in self.believed[column]]

    def proposals(self) -> Iterator[Proposal]:
        """What has changed since the beginning, by column and tier."""
        for column in self.columns:
            rows = self._changed(column)
            if not len(rows):
                continue
            new = [self.values[column][code] for code in self.codes[column][rows].tolist()]
            determinants = self._determinants(column)
            found = edits.Edits(column, rows, new, self.confidence[column][rows], self._alike(column, rows))
            for tier in edits.tiers(self.workbench, found, determinants):
                yield _proposal(column, tier, determinants, claims=self.claims.get(column))


def _columns(workbench: Workbench) -> list[str]:
    """The columns whose values repeat, in order; of very many those with the most values."""
    repeating = [each for each in workbench.columns if workbench.repeats(each)]
    kept = sorted(repeating, key=lambda each: -workbench.cardinality[each][1])[:MOST_COLUMNS]
    return [each for each in repeating if each in set(kept)]


def _proposal(column: str, tier: edits.Tier, determinants: list[str], *, claims: Claims | None) -> Proposal:
    params: dict[str, object] = {"keys": list(tier.keys), "pairs": tier.pairs}
    if determinants:
        params["determinants"] = determinants
    return Proposal(
        check=_check(column, tier, claims),
        operation=_operation(tier, determinants),
        columns=(column,),
        confidence=tier.confidence,
        params=params,
        tier=tier.name,
        explanation=_explanation(column, tier, determinants) if claims is None else _reconciled(column, tier, claims),
        support=tier.cells,
    )


def _check(column: str, tier: edits.Tier, claims: Claims | None) -> str:
    if tier.blank:
        return "null"
    if claims is not None:
        return "source_conflict"
    return "typo" if tier.keys == (column,) else "dependency_violation"


def _reconciled(column: str, tier: edits.Tier, claims: Claims) -> str:
    return (
        f"{tier.cells} cells of {column} take the value that the more reliable of {claims.source} give for the same "
        f"{claims.entity}; it holds if they all describe one fact."
    )


def _operation(tier: edits.Tier, determinants: list[str]) -> str:
    if not determinants:
        return "map_values"
    return "fill_dependency" if tier.blank else "repair_dependency"


def _explanation(column: str, tier: edits.Tier, determinants: list[str]) -> str:
    named = ", ".join(determinants)
    if tier.blank:
        return f"{tier.cells} empty cells of {column} can be filled from {named or 'the other rows'}."
    if not determinants:
        return f"{tier.cells} cells of {column} look like misspellings of values that are far more frequent."
    return f"{tier.cells} cells of {column} contradict what {named} say in the other rows."
