"""Stories, and the entries of a source that could not become one."""

from __future__ import annotations

import hashlib
from datetime import datetime

from tablemend.intel.characters import shown
from tablemend.records import Claim, Evidence, Record

OWN = "story:"
"""How the ids of evidence begin that is a story's own report; no given evidence may be named so."""


class Story(Record, frozen=True, kw_only=True):
    """One report, as its source tells it."""

    id: str  # given, else the canonical URL, else of the title
    title: str
    summary: str = ""
    url: str = ""
    published: datetime | None = None  # UTC
    scores: dict[str, float] = {}  # parts of the scorecard that the source brings itself
    flags: tuple[str, ...] = ()
    tactics: tuple[str, ...] = ()  # how the story would be told
    angle: str = ""
    claims: tuple[Claim, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    place: str = ""  # "line 12" or "entry 3" of its source


class Rejection(Record, frozen=True, kw_only=True):
    """An entry of a source that was read and refused."""

    place: str  # "line 12" or "entry 3"
    reason: str
    story: str = ""  # its id or title, where one could be read


_REASON = 500  # characters of a reason: enough for every list of names that one may hold
_NAME = 80


def rejection(place: str, reason: str, story: str = "") -> Rejection:
    """A rejection as it can be shown: shortened where its source wrote at length, hidden characters written out."""
    cut = reason if len(reason) <= _REASON else f"{reason[:_REASON]}…"
    return Rejection(place=place, reason=shown(cut), story=shown(story[:_NAME]))


class Collected(Record, frozen=True, kw_only=True):
    """A source that was read: stories and rejections add up to its entries."""

    source: str  # as the user named it, without secrets
    kind: str  # jsonl, json, csv, rss, atom, json feed
    stories: tuple[Story, ...] = ()
    rejected: tuple[Rejection, ...] = ()

    @property
    def read(self) -> int:
        """How many entries the source has."""
        return len(self.stories) + len(self.rejected)


def digest(*parts: str, length: int = 10) -> str:
    """Hexadecimal beginning of the SHA-256 of some texts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:length]
