"""What stands behind a story: its own report, the evidence that it brings, and the reports of its group."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tablemend.intel.sources import canonical, registrable
from tablemend.intel.story import OWN, Story
from tablemend.records import Evidence, Record
from tablemend.review.policy import Policy, domain_of, tier_of


class Report(Record, frozen=True, kw_only=True):
    """What one story of a group is worth to the others: its own report as evidence."""

    story: str  # id
    owner: str  # registrable domain
    page: str  # canonical URL
    evidence: Evidence  # without claims


def reports(members: Sequence[Story], policy: Policy | None) -> tuple[Report, ...]:
    """The reports of a group that stand for its sources: the earliest of each registrable domain."""
    found: dict[str, Report] = {}
    for story in members:
        if story.url:
            made = report(story, policy)
            found.setdefault(made.owner, made)
    return tuple(found.values())


def report(story: Story, policy: Policy | None) -> Report:
    """A story with a URL as evidence of what it reports."""
    piece = Evidence(
        id=OWN + story.id,
        text=story.summary or story.title,
        source=story.url,
        date=story.published.isoformat() if story.published else "",
    )
    placed = _placed(piece, policy)
    return Report(story=story.id, owner=registrable(placed.domain), page=canonical(story.url), evidence=placed)


def linked(story: Story, group: Sequence[Report], policy: Policy | None) -> tuple[Evidence, ...]:
    """Every piece of evidence of a story, with domain and trust tier; `group` as `reports` gives it.

    A report supports each claim of the story. Others of the story's own domain or page add nothing to it.
    """
    told = list(group)
    if story.url:
        own = next((each for each in group if each.story == story.id), None) or report(story, policy)
        told = [own, *(each for each in group if each.owner != own.owner and each.page != own.page)]
    claims = tuple(claim.id for claim in story.claims)
    return (
        *(msgspec.structs.replace(each.evidence, claims=claims) for each in told),
        *(_placed(each, policy) for each in story.evidence),
    )


def _placed(piece: Evidence, policy: Policy | None) -> Evidence:
    domain = domain_of(piece.source) if piece.source else ""
    tier = tier_of(policy, domain) if policy is not None and domain else ""
    return msgspec.structs.replace(piece, domain=domain, tier=tier)
