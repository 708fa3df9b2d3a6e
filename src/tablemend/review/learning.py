"""Learning from people's decisions: how often repairs of a kind were approved moves the confidence of the next."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from tablemend.errors import SettingsError
from tablemend.records import Decision, Item, Record, Repair
from tablemend.review.decisions import RECIPE
from tablemend.store.resets import Reset

STRENGTH = 10.0
"""Decisions that weigh as much as the tool's own estimate, by default."""
REACH = 0.25
"""How far a decision reaches, in confidence: approving what is sure (from 0.95) never lifts guesses (up to 0.7)."""
_Z = 1.959963984540054  # the 97.5th percentile of the normal distribution: intervals of 95 %
_WORDS = "People here approved"

Kind = tuple[str, str, str]
"""Check, operation, semantic type of the first column."""


class Past(Record, frozen=True, kw_only=True):
    """A decision of a person on a repair."""

    confidence: float  # the repair's own, before earlier decisions moved it
    approved: bool


class Learned(Record, frozen=True, kw_only=True):
    """What people's decisions make of a confidence."""

    confidence: float
    approved: int  # decisions near enough to count
    rejected: int
    weight: float  # of all these: each counts 1 at the same confidence, less the farther away


class Acceptance(Record, frozen=True, kw_only=True):
    """How often people approved repairs of a kind."""

    check: str
    operation: str
    semantic: str
    approved: int
    rejected: int
    acceptance: float  # share that was approved
    low: float  # Wilson interval of 95 %
    high: float


class Experience:
    """What people decided so far, by kind of repair."""

    def __init__(self, past: dict[Kind, list[Past]], *, strength: float = STRENGTH) -> None:
        """Raise SettingsError for a strength that is not above 0."""
        if not (strength > 0 and math.isfinite(strength)):
            raise SettingsError(
                f"a learning strength of {strength} is no finite number above 0", hint="Give a number of decisions."
            )
        self.strength = strength
        self._past = {kind: sorted(found, key=lambda each: each.confidence) for kind, found in past.items()}

    @classmethod
    def of(
        cls, decided: Iterable[tuple[Item, Decision]], since: Iterable[Reset] = (), *, strength: float = STRENGTH
    ) -> Experience:
        """Gather the last decision of each repair, given with the item as it was when decided on.

        Only what people approved or rejected counts, after the resets of its kind. Undoing one repair rejects it;
        what a recipe approved was decided on elsewhere and does not count again.
        """
        resets = list(since)
        past: dict[Kind, list[Past]] = {}
        for item, decision in decided:
            if item.type != "repair" or not _by_person(decision):
                continue
            kind = (item.check, item.operation, item.body.get("semantic", ""))
            if not any(_forgets(reset, kind, decision.when) for reset in resets):
                past.setdefault(kind, []).append(Past(confidence=_own(item), approved=decision.decision == "approved"))
        return cls(past, strength=strength)

    def posterior(self, check: str, operation: str, semantic: str, confidence: float) -> Learned:
        """The confidence of a repair after what people decided on others of its kind.

        Mean of a Beta posterior: the prior Beta(k·c, k·(1 - c)) has the repair's own confidence c as its mean and the
        strength k as its weight; each decision counts max(0, 1 - |c' - c| / REACH), c' being the own confidence of the
        repair decided on. Without such a decision the confidence stays what it is.
        """
        near = self._near((check, operation, semantic), confidence)
        approved = math.fsum(weight for weight, past in near if past.approved)
        rejected = math.fsum(weight for weight, past in near if not past.approved)
        weight = approved + rejected
        learned = (self.strength * confidence + approved) / (self.strength + weight) if weight else confidence
        return Learned(
            confidence=min(1.0, max(0.0, learned)),
            approved=sum(past.approved for _, past in near),
            rejected=sum(not past.approved for _, past in near),
            weight=weight,
        )

    def table(self) -> list[Acceptance]:
        """How often people approved each kind, in alphabetical order."""
        return [_acceptance(kind, self._past[kind]) for kind in sorted(self._past)]

    def _near(self, kind: Kind, confidence: float) -> list[tuple[float, Past]]:
        past = self._past.get(kind, [])
        first = bisect_left(past, confidence - REACH, key=lambda each: each.confidence)
        last = bisect_right(past, confidence + REACH, key=lambda each: each.confidence)
        weighed = ((1 - abs(each.confidence - confidence) / REACH, each) for each in past[first:last])
        return [(weight, each) for weight, each in weighed if weight > 0]


def adjust(repairs: Sequence[Repair], experience: Experience) -> list[Repair]:
    """The repairs with the confidence that people's decisions make of their own.

    Where decisions moved it, `prior` keeps the own confidence and a sentence of evidence says by how much.
    """
    return [_adjusted(repair, experience) for repair in repairs]


def _adjusted(repair: Repair, experience: Experience) -> Repair:
    own = repair.confidence if repair.prior is None else repair.prior
    evidence = tuple(each for each in repair.evidence if not each.startswith(_WORDS))
    learned = experience.posterior(repair.check, repair.operation, repair.semantic, own)
    if not learned.weight:
        return msgspec.structs.replace(repair, confidence=own, prior=None, evidence=evidence)
    said = f"{_WORDS} {learned.approved} and rejected {learned.rejected} like it: {own:.2f} → {learned.confidence:.2f}."
    return msgspec.structs.replace(repair, confidence=learned.confidence, prior=own, evidence=(*evidence, said))


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Interval of 95 % for a share, closed form of Wilson (1927); 0 to 1 where nothing was tried."""
    if not trials:
        return 0.0, 1.0
    share, spread = successes / trials, _Z**2 / trials
    middle = (share + spread / 2) / (1 + spread)
    half = _Z * math.sqrt(share * (1 - share) / trials + spread / (4 * trials)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def _acceptance(kind: Kind, past: Sequence[Past]) -> Acceptance:
    approved = sum(each.approved for each in past)
    low, high = wilson(approved, len(past))
    return Acceptance(
        check=kind[0],
        operation=kind[1],
        semantic=kind[2],
        approved=approved,
        rejected=len(past) - approved,
        acceptance=approved / len(past),
        low=low,
        high=high,
    )


def _by_person(decision: Decision) -> bool:
    told = decision.decision in ("approved", "rejected") and not decision.gate
    return told and not decision.reason.startswith(RECIPE)


def _forgets(reset: Reset, kind: Kind, when: datetime) -> bool:
    meant = zip((reset.check, reset.operation, reset.semantic), kind, strict=True)
    return when <= reset.when and all(not given or given == own for given, own in meant)


def _own(item: Item) -> float:
    """The confidence that the repair had of its own when it was decided on."""
    prior = item.body.get("prior")
    return item.confidence if prior is None else float(prior)
