"""Stories that report the same: one address, or nearly the same words within a week."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from tablemend.intel.sources import canonical
from tablemend.intel.story import Story, digest
from tablemend.intel.union import Union
from tablemend.intel.wording import Index
from tablemend.records import Record

THRESHOLD = 0.4
"""Least cosine of two reports of one event.

Measured on the shipped example, where every value from 0.25 to 0.5 finds all pairs of one event and no other, and on
eight paraphrases and eight look-alikes written for the tests, all together and each pair alone: 0.4 joins all of the
first and none of the second; 0.35 joins two look-alikes, 0.45 misses a paraphrase.
"""

WINDOW = timedelta(days=7)
"""Most time between two reports of one event; a story without a date may belong to any."""


class Group(Record, frozen=True, kw_only=True):
    """Stories of one event; most have one member."""

    id: str  # of its first member
    members: tuple[Story, ...]  # the earliest first


def group(stories: Sequence[Story], *, threshold: float = THRESHOLD) -> list[Group]:
    """Put near-duplicates together; the order in which the stories come makes no difference.

    Two stories belong together where their canonical URLs are the same, or where the cosine of their words is at least
    the threshold. Words of the title count twice and are weighted by how rare they are (tf-idf; Salton & Buckley
    1988). What belongs together by way of others is one group.
    """
    ordered = sorted(stories, key=_place_in_time)
    joined: Union[int] = Union()
    for number in range(len(ordered)):
        joined.find(number)
    for one, other in _same_address(ordered):
        joined.join(one, other)
    for one, other in _alike(ordered, threshold):
        joined.join(one, other)
    found = sorted(sorted(each) for each in joined.groups())
    return [_named([ordered[number] for number in each]) for each in found]


def _named(members: Sequence[Story]) -> Group:
    return Group(id=f"g{digest(members[0].id)}", members=tuple(members))


_LAST = datetime.max.replace(tzinfo=UTC)


def _place_in_time(story: Story) -> tuple[datetime, str]:
    """Stories without a date come last."""
    return story.published or _LAST, story.id


def _same_address(ordered: Sequence[Story]) -> Iterator[tuple[int, int]]:
    first: dict[str, int] = {}
    for number, story in enumerate(ordered):
        if story.url:
            yield first.setdefault(canonical(story.url), number), number


def _alike(ordered: Sequence[Story], threshold: float) -> Iterator[tuple[int, int]]:
    """Pairs whose wording is alike, as many as it takes to join all that are.

    Copies share one wording, which is compared with others once.
    """
    copies: dict[tuple[str, str], list[int]] = {}
    for number, story in enumerate(ordered):
        copies.setdefault((story.title, story.summary), []).append(number)
    texts = sorted(copies)
    index = Index(texts)
    for one, text in enumerate(texts):
        if index.comparable(one):
            yield from _near(ordered, copies[text])
        for other in index.alike(one, threshold):
            yield from _near(ordered, [*copies[text], *copies[texts[other]]])


def _near(ordered: Sequence[Story], alike: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Pairs that join those of alike stories between which, or between whose neighbours, no more than the window lies.

    A story without a date, which comes last, is near all of them.
    """
    in_time = sorted(alike)
    near_all = ordered[in_time[-1]].published is None
    for one, other in pairwise(in_time):
        if near_all or _within(ordered[one], ordered[other]):
            yield one, other


def _within(one: Story, other: Story) -> bool:
    return one.published is not None and other.published is not None and other.published - one.published <= WINDOW
