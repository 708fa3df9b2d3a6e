"""Stories into items: facts, flags, score and gate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tablemend.errors import ScoreError
from tablemend.intel.evidence import Report, linked, reports
from tablemend.intel.grouping import Group
from tablemend.intel.sources import independent
from tablemend.intel.story import Rejection, Story, digest, rejection
from tablemend.records import Evidence, Item, Record
from tablemend.review.gate import Gate, judge, why_not
from tablemend.review.policy import TIERS, Mentions, mentions
from tablemend.review.scorecard import Scorecard
from tablemend.review.scoring import Scored, score

SKEW = timedelta(hours=1)
"""How far a story may be dated after the present moment, for clocks that differ; more is a wrong date."""

_CONFIDENCE = "confidence"


class IntelBody(Record, frozen=True, kw_only=True):
    """What is known of a story once it is scored: the `body` of its item."""

    story: Story
    facts: dict[str, Any]  # what was measured, by the names that conditions ask for
    group: str  # id of the stories of the same event
    reports: int  # how many of them there are
    lead: str  # id of the earliest of them
    band: str  # empty below every band
    notes: tuple[str, ...] = ()  # what the modifiers did
    derived: dict[str, str] = {}  # part → why it has its points
    mentions: tuple[str, ...] = ()  # why the policy set its flags
    outcome: str  # promote, monitor or block
    rule: str  # of the gate, that decided
    explanation: tuple[str, ...] = ()  # every condition that the gate tried
    why_not: tuple[str, ...] = ()  # what kept it from being promoted


class Terms(Record, frozen=True, kw_only=True):
    """What a run of stories is scored by."""

    source: str
    source_name: str = ""  # stands with a colon before every id of its stories
    kind: str  # how the source is written
    now: datetime  # the moment that ages are counted to
    scorecard: Scorecard  # with its policy
    gate: Gate


def items(groups: Sequence[Group], terms: Terms, *, run: str) -> Iterator[Item | Rejection]:
    """Each story as an item of its own, or the reason why it cannot be scored."""
    for group in groups:
        sources = reports(group.members, terms.scorecard.policy)
        for story in group.members:
            try:
                yield _item(story, group, sources, terms, run)
            except ScoreError as problem:
                yield rejection(story.place, problem.message, story.id)


def item_id(story: Story, card: Scorecard) -> str:
    """The id under which a story is decided on, the same in every run for the same brand."""
    return "i" + digest("intel", card.policy.brand if card.policy else "", story.id)


def content(story: Story) -> str:
    """Hash of what a decision covers: the title and the claims, and nothing that may grow or be scored anew."""
    return digest(story.title, *sorted(claim.text for claim in story.claims), length=32)


def _item(story: Story, group: Group, sources: Sequence[Report], terms: Terms, run: str) -> Item:
    card = terms.scorecard
    evidence = linked(story, sources, card.policy)
    said = _mentions(story, card)
    facts = _facts(story, group, evidence, said, terms.now)
    flags = _flags(story, facts, said)
    scored = score(card, parts=story.scores, flags=flags, facts=facts)
    made = Item(
        id=item_id(story, card),
        run=run,
        type="intel",
        title=story.title,
        summary=story.summary,
        content=content(story),
        confidence=_confidence(scored, card),
        flags=flags,
        scores=scored.parts | {"total": scored.total},
        claims=story.claims,
        evidence=evidence,
        body={"facts": facts, "band": scored.band},
    )
    return _judged(made, story, group, scored, said, terms.gate)


def _judged(made: Item, story: Story, group: Group, scored: Scored, said: Mentions | None, gate: Gate) -> Item:
    """An item with what the gate makes of it."""
    judgement = judge(gate, made)
    body = IntelBody(
        story=story,
        facts=made.body["facts"],
        group=group.id,
        reports=len(group.members),
        lead=group.members[0].id,
        band=scored.band,
        notes=scored.notes,
        derived=scored.derived,
        mentions=said.words if said else (),
        outcome=judgement.outcome,
        rule=judgement.rule,
        explanation=judgement.explanation,
        why_not=() if judgement.outcome == "promote" else why_not(gate, made),
    )
    return msgspec.structs.replace(made, body=msgspec.to_builtins(body))


def body_of(item: Item) -> IntelBody:
    """The body of an item, as a record."""
    return msgspec.convert(item.body, IntelBody)


def _mentions(story: Story, card: Scorecard) -> Mentions | None:
    if card.policy is None:
        return None
    text = " . ".join([story.title, story.summary, *(claim.text for claim in story.claims)])
    return mentions(card.policy, text=text, tactics=[*story.tactics, story.angle])


def _facts(
    story: Story,
    group: Group,
    evidence: Sequence[Evidence],
    said: Mentions | None,
    now: datetime,
) -> dict[str, Any]:
    """What is measured of a story; what cannot be measured is not among it."""
    facts: dict[str, Any] = {
        "evidence.support": sum(each.kind == "support" for each in evidence),
        "evidence.contradict": sum(each.kind == "contradict" for each in evidence),
        "evidence.sources": independent(evidence, "support"),
        "reports": len(group.members),
    }
    if story.published is not None:
        facts["age_hours"] = _age(story.published, now)
    if said is not None:
        for tier in TIERS:
            of_tier = [each for each in evidence if each.tier == tier]
            facts[f"evidence.tier_{tier.lower()}"] = independent(of_tier, "support")
        facts |= {"pillars": said.pillars, "triggers": said.triggers}
    return facts


def _age(published: datetime, now: datetime) -> float:
    if published - now > SKEW:
        raise ScoreError(f"it is dated {published:%Y-%m-%d %H:%M} UTC, after the present {now:%Y-%m-%d %H:%M}")
    return max(0.0, (now - published) / timedelta(hours=1))


def _flags(story: Story, facts: dict[str, Any], said: Mentions | None) -> tuple[str, ...]:
    """The flags that the source gave, and those that follow from what was measured."""
    found = [*story.flags]
    if facts["evidence.sources"] <= 1:
        found.append("single_source")
    if facts["evidence.contradict"]:
        found.append("contradicted")
    return tuple(dict.fromkeys([*found, *(said.flags if said else ())]))


def _confidence(scored: Scored, card: Scorecard) -> float:
    """The part `confidence` as a share of its maximum; 0, which says nothing, where the scorecard has none."""
    if _CONFIDENCE not in scored.parts:
        return 0.0
    return scored.parts[_CONFIDENCE] / card.parts[_CONFIDENCE].maximum
