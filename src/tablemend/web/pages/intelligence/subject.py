"""The run over stories that a page is about, with its stories as the address narrows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from tablemend.intel.brief import Told, told_of
from tablemend.intel.run import IntelRun
from tablemend.intel.scoring import IntelBody, Terms, body_of
from tablemend.records import Item, Record, Run
from tablemend.store.filters import words
from tablemend.web.address import Address, path
from tablemend.web.site import Site
from tablemend.workspace import Workspace

DAYS = {"1": "last day", "2": "last two days", "7": "last week", "14": "last two weeks", "30": "last 30 days"}
"""Days before the present of a run, and what is shown for them."""
KEPT = ("part", "band", "below", "text", "days", "decision")
"""What the links of a run keep of its address."""


class Story(Record, frozen=True, kw_only=True):
    """A story of a run: the item, its body, and how it is told."""

    item: Item
    body: IntelBody
    told: Told


class Looked(Record, frozen=True, kw_only=True):
    """A run over stories with its stories, the strongest first."""

    found: IntelRun
    stories: tuple[Story, ...]


class Subject:
    """A finished run over stories under an address; NotFound where there is none."""

    def __init__(self, site: Site, address: Address) -> None:
        self.site = site
        self.address = address
        self.workspace = site.workspace
        self.run: Run = self.workspace.intel_run(address.subject)
        self._looked = looked(self.workspace, self.run.id)

    @property
    def id(self) -> str:
        """Its id."""
        return self.run.id

    @property
    def found(self) -> IntelRun:
        """What it found."""
        return self._looked.found

    @property
    def terms(self) -> Terms:
        """What it was scored by."""
        return self.found.terms

    @property
    def stories(self) -> Sequence[Story]:
        """All of its stories, the strongest first."""
        return self._looked.stories

    @cached_property
    def by_id(self) -> dict[str, Story]:
        """Its stories by the ids of their items."""
        return {each.item.id: each for each in self.stories}

    @property
    def days(self) -> str:
        """How many days back the address looks; empty for all."""
        given = self.address.query.get("days", "")
        return given if given in DAYS else ""

    @cached_property
    def matching(self) -> list[Story]:
        """The stories that meet every condition of the address but that on the band."""
        query = self.address.query
        since = self.terms.now - timedelta(days=float(self.days)) if self.days else None
        text, decision = query.get("text", "").casefold(), query.get("decision", "")
        return [
            each
            for each in self.stories
            if (since is None or (each.told.published is not None and each.told.published >= since))
            and (not decision or each.item.decision == decision)
            and (not text or text in words(each.item))
        ]

    @cached_property
    def chosen(self) -> list[Story]:
        """Those that lie in the chosen band too."""
        band, below = self.address.query.get("band", ""), self.address.query.get("below", "")
        if below:
            return [each for each in self.matching if not each.told.band]
        return [each for each in self.matching if not band or each.told.band == band]

    def here(self, **changes: Any) -> str:
        """The address of this run with other conditions, or at another part or story."""
        kept = {name: self.address.query.get(name) for name in KEPT} | changes
        told = {name: value for name, value in kept.items() if value}
        return f"{path('intelligence', self.id)}?{urlencode(told)}"


def looked(workspace: Workspace, run: str) -> Looked:
    """A run with its stories, read once until somebody writes."""

    def load(_: int) -> Looked:
        found = workspace.intel(run)
        made = [_story(item) for item in found.items]
        return Looked(found=found, stories=tuple(sorted(made, key=lambda each: (-each.told.total, each.item.id))))

    return workspace.store.kept(("page of a run over stories", run), load)


def stories_of(stories: int, events: int) -> str:
    """How many stories of how many events, in words."""
    one, other = "story" if stories == 1 else "stories", "event" if events == 1 else "events"
    return f"{stories:,} {one} of {events:,} {other}"


def _story(item: Item) -> Story:
    body = body_of(item)
    return Story(item=item, body=body, told=told_of(item, body))
