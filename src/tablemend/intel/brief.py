"""The daily or weekly brief: what a run found, by band, each event once."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tablemend.errors import SettingsError
from tablemend.intel.run import IntelRun
from tablemend.intel.scoring import IntelBody, body_of
from tablemend.intel.story import Rejection
from tablemend.records import Claim, Evidence, Item, Record


class Told(Record, frozen=True, kw_only=True):
    """A story as the brief tells it."""

    id: str  # of the item, to decide on it
    title: str
    summary: str
    url: str
    published: datetime | None
    total: float
    band: str
    scores: dict[str, float]
    flags: tuple[str, ...]
    claims: tuple[Claim, ...]
    evidence: tuple[Evidence, ...]
    sources: int  # independent ones that support it
    notes: tuple[str, ...]  # what the modifiers did
    outcome: str  # of the gate, in this run
    decision: str  # as it stands
    decided_by: str
    reason: str
    stale: bool  # the decision is on other content than this run saw
    why: tuple[str, ...]  # what the gate went by
    why_not: tuple[str, ...]  # what kept it from being promoted
    group: str


class Event(Record, frozen=True, kw_only=True):
    """The stories of one event: the strongest in full, the others by name."""

    lead: Told
    others: tuple[Told, ...] = ()

    @property
    def told(self) -> tuple[Told, ...]:
        """All of its stories."""
        return (self.lead, *self.others)


class Section(Record, frozen=True, kw_only=True):
    """The events whose strongest story lies in a band."""

    band: str
    events: tuple[Event, ...]

    @property
    def stories(self) -> int:
        """How many stories these are."""
        return sum(len(each.told) for each in self.events)


class Brief(Record, frozen=True, kw_only=True):
    """A run for readers; the counts add up to what was read."""

    run: str
    brand: str
    promise: str
    source: str
    now: datetime
    since: datetime | None  # only stories published from here on; None for all
    scorecard: str
    gate: str
    counts: dict[str, int]  # in_bands, below, blocked, rejected_by_people, before_the_period, undated, rejected_entries
    sections: tuple[Section, ...]  # from the highest band down
    below: tuple[Told, ...]  # of events whose strongest story lies under every band
    blocked: tuple[Told, ...]
    rejected_by_people: tuple[Told, ...]
    rejected: tuple[Rejection, ...]  # entries that could not be read or scored

    @property
    def read(self) -> int:
        """How many entries the source had."""
        return sum(self.counts.values())


def brief(run: IntelRun, *, days: float | None = None) -> Brief:
    """The brief of a run; with `days` only of stories published within so many days before the run's present.

    What has no date is then counted apart and left out. SettingsError where `days` is no number above 0, or too many.
    """
    since = None if days is None else _since(run.terms.now, days)
    told = [told_of(item, body_of(item)) for item in run.items]
    undated = [each for each in told if since is not None and each.published is None]
    current = [each for each in told if since is None or (each.published is not None and each.published >= since)]
    kept = [each for each in current if each.decision != "rejected"]
    blocked = [each for each in kept if _is_blocked(each)]
    events = _events(each for each in kept if not _is_blocked(each))
    below = tuple(told for event in events if not event.lead.band for told in event.told)
    card = run.terms.scorecard
    return Brief(
        run=run.run,
        brand=card.policy.brand if card.policy else "",
        promise=card.policy.promise if card.policy else "",
        source=run.terms.source,
        now=run.terms.now,
        since=since,
        scorecard=card.name,
        gate=run.terms.gate.name,
        counts={
            "in_bands": len(kept) - len(blocked) - len(below),
            "below": len(below),
            "blocked": len(blocked),
            "rejected_by_people": len(current) - len(kept),
            "before_the_period": len(told) - len(current) - len(undated),
            "undated": len(undated),
            "rejected_entries": len(run.rejected),
        },
        sections=tuple(
            Section(band=name, events=tuple(each for each in events if each.lead.band == name))
            for name, _, _ in card.ranges
        ),
        below=below,
        blocked=_ranked(blocked),
        rejected_by_people=_ranked(each for each in current if each.decision == "rejected"),
        rejected=run.rejected,
    )


def _since(now: datetime, days: float) -> datetime:
    if not (math.isfinite(days) and days > 0):
        raise SettingsError(f"a brief of {days:g} days holds nothing", hint="Give a number of days above 0.")
    try:
        return now - timedelta(days=days)
    except OverflowError as problem:
        raise SettingsError(
            f"{days:g} days before {now:%Y-%m-%d} there is no date", hint="Leave the days out to tell every story."
        ) from problem


def _is_blocked(told: Told) -> bool:
    """Blocked as it stands; a person's approval goes before what the gate says."""
    return told.decision == "blocked"


def told_of(item: Item, body: IntelBody) -> Told:
    """An item as the brief tells it."""
    return Told(
        id=item.id,
        title=item.title,
        summary=item.summary,
        url=body.story.url,
        published=body.story.published,
        total=item.scores["total"],
        band=body.band,
        scores={name: value for name, value in item.scores.items() if name != "total"},
        flags=item.flags,
        claims=item.claims,
        evidence=item.evidence,
        sources=body.facts["evidence.sources"],
        notes=body.notes,
        outcome=body.outcome,
        decision=item.decision,
        decided_by=item.decided_by,
        reason=item.reason,
        stale=item.stale,
        why=(*body.mentions, *body.explanation[-1:]),
        why_not=body.why_not,
        group=body.group,
    )


def _ranked(told: Iterable[Told]) -> tuple[Told, ...]:
    return tuple(sorted(told, key=lambda each: (-each.total, each.id)))


def _events(told: Iterable[Told]) -> list[Event]:
    """Stories by their event, the strongest event first."""
    events: dict[str, list[Told]] = {}
    for each in _ranked(told):
        events.setdefault(each.group, []).append(each)
    return [Event(lead=lead, others=tuple(rest)) for lead, *rest in events.values()]


def as_builtins(made: Brief) -> dict[str, Any]:
    """A brief as JSON holds it."""
    return {"read": made.read} | msgspec.to_builtins(made)
