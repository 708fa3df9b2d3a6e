"""Entries of JSON into stories; whatever is misspelt or out of place is refused with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from tablemend.intel import characters, dates
from tablemend.intel.decoding import twice
from tablemend.intel.sources import canonical, is_address
from tablemend.intel.story import OWN, Rejection, Story, digest, rejection
from tablemend.records import Claim, Evidence, Record, Value

LONGEST = 131_072
"""Characters of a field: what Python's `csv` reads by default, and the same in every format."""


class EntryClaim(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A claim of an entry."""

    text: str
    id: str | int | None = None  # by default c1, c2 …


class EntryEvidence(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A piece of evidence of an entry."""

    kind: Literal["support", "contradict"] = "support"
    id: str | int | None = None  # by default e1, e2 …
    claims: tuple[str | int, ...] | None = None  # by default all of them
    url: str = ""
    quote: str = ""
    date: str = ""  # ISO 8601 or RFC 822
    value: Value = None


class Entry(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry of JSON or JSON Lines; any other field is refused."""

    title: str
    id: str | int | None = None  # by default the canonical URL, else a hash of the title
    summary: str = ""
    url: str = ""
    published: str | None = None  # ISO 8601 or RFC 822; without a time zone UTC
    scores: dict[str, float] = {}  # parts of the scorecard
    flags: tuple[str, ...] = ()
    tactics: tuple[str, ...] = ()
    angle: str = ""
    claims: tuple[str | EntryClaim, ...] = ()
    evidence: tuple[str | EntryEvidence, ...] = ()  # an address alone supports every claim


class Refused(ValueError):
    """An entry cannot become a story; says why."""


def story(entry: Any, place: str) -> Story | Rejection:
    """An entry as a story, or why it cannot be one."""
    try:
        if (key := twice(entry)) is not None:
            raise Refused(f"the key {key!r} stands twice in one object")
        return checked(msgspec.convert(entry, Entry), place)
    except (msgspec.ValidationError, ValueError) as problem:
        return rejection(place, _score(entry, str(problem)) or _reason(problem), named(entry))


def named(entry: Any) -> str:
    """Id or title of an entry, where it has one that can be shown."""
    found = (entry.get("id") or entry.get("title")) if isinstance(entry, dict) else None
    return str(found) if isinstance(found, str | int) else ""


def _score(entry: Any, problem: str) -> str:
    """Which score is no number, since the message names no key; empty where that is not the problem."""
    if not problem.endswith("`$.scores[...]`"):
        return ""
    scores: dict[str, Any] = entry["scores"]
    part = next(name for name, value in scores.items() if isinstance(value, bool) or not isinstance(value, int | float))
    return f"the part {part} is {_short(scores[part])}; a score is a number"


def _short(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 60 else f"{text[:57]}…"


def _reason(problem: Exception) -> str:
    text = str(problem).replace("Object contains", "it contains").replace("Object missing", "it lacks the")
    return re.sub(r"\$\.?", "", text.replace("required field", "field")).replace(" - at ``", "")


def checked(given: Entry, place: str) -> Story:
    """A story of an entry whose types are right; raises ValueError for what cannot be meant."""
    for field, text in _texts(given):
        _must_be_readable(field, text)
    title = words(given.title)
    if not title:
        raise Refused("its title is empty")
    if given.url and not is_address(given.url):
        raise Refused(f"url: {given.url!r} is no address of the web")
    claims = _claims(given)
    return Story(
        id=_identity(given, title),
        title=title,
        summary=words(given.summary),
        url=given.url.strip(),
        published=None if given.published is None else dates.moment(given.published),
        scores=given.scores,
        flags=_told("flag", given.flags),
        tactics=_told("tactic", given.tactics),
        angle=given.angle,
        claims=claims,
        evidence=_evidence(given, [each.id for each in claims]),
        place=place,
    )


def _texts(given: Entry) -> Iterator[tuple[str, str]]:
    """Every text of an entry, with the name of its field."""
    for name in ("title", "id", "summary", "url", "angle"):
        yield name, str(getattr(given, name) or "")
    for name in ("flags", "tactics"):
        yield from ((name, each) for each in getattr(given, name))
    yield from (("scores", each) for each in given.scores)
    for number, claim in enumerate(given.claims, start=1):
        told = [claim] if isinstance(claim, str) else [str(claim.id or ""), claim.text]
        yield from ((f"claim {number}", each) for each in told)
    for number, piece in enumerate(given.evidence, start=1):
        whole = [piece] if isinstance(piece, str) else [str(piece.id or ""), piece.url, piece.quote, str(piece.value)]
        yield from ((f"evidence {number}", each) for each in whole)


def _must_be_readable(field: str, text: str) -> None:
    if text.isascii() and text.isprintable() and len(text) <= LONGEST:
        return  # as nearly all are
    if len(text) > LONGEST:
        raise Refused(f"{field} has {len(text):,} characters; a field holds at most {LONGEST:,}")
    if sign := characters.hidden(text):
        raise Refused(f"{field} holds the hidden character {sign}")
    if text.strip() and not characters.visible(text):
        raise Refused(f"{field} holds nothing but invisible characters")


def _told(what: str, given: tuple[str, ...]) -> tuple[str, ...]:
    """Flags or tactics, none of which may be blank."""
    for number, each in enumerate(given, start=1):
        if not each.strip():
            raise Refused(f"{what} {number} is blank")
    return tuple(words(each) for each in given)


def words(text: str) -> str:
    """Text on one line."""
    return " ".join(text.split())


def _identity(given: Entry, title: str) -> str:
    if given.id is not None and str(given.id).strip():
        return str(given.id).strip()
    return canonical(given.url) if given.url else "t" + digest(title.casefold())


def _claims(given: Entry) -> tuple[Claim, ...]:
    found = []
    for number, each in enumerate(given.claims, start=1):
        claim = EntryClaim(text=each) if isinstance(each, str) else each
        if not claim.text.strip():
            raise Refused(f"claim {number} is empty")
        found.append(Claim(id=str(claim.id if claim.id is not None else f"c{number}"), text=words(claim.text)))
    _must_differ("claim", [each.id for each in found])
    return tuple(found)


def _evidence(given: Entry, claims: list[str]) -> tuple[Evidence, ...]:
    found = tuple(
        _piece(EntryEvidence(url=each) if isinstance(each, str) else each, number, claims)
        for number, each in enumerate(given.evidence, start=1)
    )
    _must_differ("evidence", [each.id for each in found])
    return found


def _piece(given: EntryEvidence, number: int, claims: list[str]) -> Evidence:
    identity = str(given.id) if given.id is not None else f"e{number}"
    if identity.startswith(OWN):
        raise Refused(f"evidence {identity}: ids that begin with {OWN} are kept for the stories themselves")
    if not given.url and not given.quote.strip():
        raise Refused(f"evidence {identity} has neither url nor quote")
    if given.url and not is_address(given.url):
        raise Refused(f"evidence {identity}: {given.url!r} is no address of the web")
    named_claims = claims if given.claims is None else [str(each) for each in given.claims]
    unknown = [each for each in named_claims if each not in claims]
    if unknown:
        raise Refused(f"evidence {identity} names the claim {unknown[0]!r}; there {_listed(claims)}")
    return Evidence(
        id=identity,
        kind=given.kind,
        text=words(given.quote),
        source=given.url.strip(),
        date=dates.moment(given.date).isoformat() if given.date else "",
        value=given.value,
        claims=tuple(named_claims),
    )


def _listed(claims: list[str]) -> str:
    return f"is {', '.join(claims)}" if claims else "are no claims"


def _must_differ(what: str, ids: list[str]) -> None:
    twice = next((each for n, each in enumerate(ids) if each in ids[:n]), None)
    if twice is not None:
        raise Refused(f"{what} {twice!r} stands twice in it")
