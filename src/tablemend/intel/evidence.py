"""What stands behind a story: its own report, the evidence that it brings, and the reports of its group."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tablemend.intel.sources import canonical, registrable
from tablemend.intel.story import OWN, Story
from tablemend.records import Evidence
from tablemend.review.policy import Policy, domain_of, tier_of


def reports(members: Sequence[Story]) -> tuple[Story, ...]:
    """The reports of a group that stand for its sources: the earliest of each registrable domain."""
    found: dict[str, Story] = {}
    for story in members:
        if story.url:
            found.setdefault(registrable(domain_of(story.url)), story)
    return tuple(found.values())


def linked(story: Story, group: Sequence[Story], policy: Policy | None) -> tuple[Evidence, ...]:
    """Every piece of evidence of a story, with domain and trust tier; `group` as `reports` gives it.

    A report supports each claim of the story. One of the story's own domain or page adds nothing to the story itself.
    """
    domain, page = registrable(domain_of(story.url)), canonical(story.url)
    others = [
        each
        for each in group
        if each.id != story.id and registrable(domain_of(each.url)) != domain and canonical(each.url) != page
    ]
    claims = tuple(claim.id for claim in story.claims)
    told = [_report(each, claims) for each in ([story] if story.url else []) + others]
    return tuple(_placed(each, policy) for each in (*told, *story.evidence))


def _report(story: Story, claims: tuple[str, ...]) -> Evidence:
    return Evidence(
        id=OWN + story.id,
        text=story.summary or story.title,
        source=story.url,
        date=story.published.isoformat() if story.published else "",
        claims=claims,
    )


def _placed(piece: Evidence, policy: Policy | None) -> Evidence:
    domain = domain_of(piece.source) if piece.source else ""
    tier = tier_of(policy, domain) if policy is not None and domain else ""
    return msgspec.structs.replace(piece, domain=domain, tier=tier)
