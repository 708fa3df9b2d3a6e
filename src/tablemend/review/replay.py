"""Replaying a gate over past decisions: where it agrees, and every item on which it would decide otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from tablemend.records import Decision, Item, Record
from tablemend.review.gate import Gate, Judgement, judge

Standing = Literal["agreed", "contradicted", "left", "reopened"]

_AGREES = {"approved": "promote", "rejected": "block", "blocked": "block"}
"""The outcome that comes to the same as each decision."""


class Tally(Record, frozen=True, kw_only=True):
    """How a gate stands to decisions; the four counts add up to all of them."""

    agreed: int  # promotes what was approved, blocks what was rejected or blocked
    contradicted: int  # promotes what was rejected or blocked, blocks what was approved
    left: int  # leaves to people what was decided
    reopened: int  # opened again and not decided since: nothing to compare with

    @property
    def total(self) -> int:
        """All of them."""
        return self.agreed + self.contradicted + self.left + self.reopened


class Flip(Record, frozen=True, kw_only=True):
    """An item on which a gate would decide otherwise than was decided."""

    item: str
    title: str
    decided: str  # approved, rejected or blocked
    by: str  # person, or name of the gate
    gate: bool  # decided by a gate
    outcome: str  # promote, monitor or block
    word: str  # what the gate calls it
    rule: str  # the rule that decides now, or "default"
    why: tuple[str, ...]  # a line for each rule that was tried


class Replay(Record, frozen=True, kw_only=True):
    """A gate beside past decisions. The counts of people and of gates add up to the total."""

    gate: str
    total: int  # items with a decision
    people: Tally  # decisions that people took
    gates: Tally  # decisions that gates took
    flips: tuple[Flip, ...]  # whatever is contradicted, and what a gate decided and this one would leave to people


def replay(gate: Gate, decided: Iterable[tuple[Item, Decision]]) -> Replay:
    """What a gate would make of items that have a decision, beside that decision.

    A person's decision on what the gate leaves to people is no flip: that is what it leaves it for.
    """
    counts: dict[tuple[bool, Standing], int] = {}
    flips = []
    for item, decision in decided:
        judgement = judge(gate, item)
        standing = _standing(decision, judgement)
        counts[decision.gate, standing] = counts.get((decision.gate, standing), 0) + 1
        if standing == "contradicted" or (standing == "left" and decision.gate):
            flips.append(_flip(item, decision, judgement))
    return Replay(
        gate=gate.name,
        total=sum(counts.values()),
        people=_tally(counts, by_gate=False),
        gates=_tally(counts, by_gate=True),
        flips=tuple(flips),
    )


def _standing(decision: Decision, judgement: Judgement) -> Standing:
    if decision.decision == "open":
        return "reopened"
    if _AGREES[decision.decision] == judgement.outcome:
        return "agreed"
    return "left" if judgement.outcome == "monitor" else "contradicted"


def _flip(item: Item, decision: Decision, judgement: Judgement) -> Flip:
    return Flip(
        item=item.id,
        title=item.title,
        decided=decision.decision,
        by=decision.by,
        gate=decision.gate,
        outcome=judgement.outcome,
        word=judgement.word,
        rule=judgement.rule,
        why=judgement.explanation,
    )


def _tally(counts: dict[tuple[bool, Standing], int], *, by_gate: bool) -> Tally:
    return Tally(
        agreed=counts.get((by_gate, "agreed"), 0),
        contradicted=counts.get((by_gate, "contradicted"), 0),
        left=counts.get((by_gate, "left"), 0),
        reopened=counts.get((by_gate, "reopened"), 0),
    )
