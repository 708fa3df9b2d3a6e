"""Policies: what a brand stands for, what it never does and always covers, and whom it trusts how far."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Literal
from urllib.parse import urlsplit

from tablemend.records import Record
from tablemend.review.lines import Path
from tablemend.review.toml import Problem

Tier = Literal["A", "B", "C", "unrated"]
TIERS: tuple[Literal["A", "B", "C"], ...] = ("A", "B", "C")
FORBIDDEN_TACTIC = "forbidden_tactic"
ALWAYS_COVER = "always_cover"

_HYPHENS = re.compile(r"[\s_\-\u2010-\u2013]+")
_TOKEN = re.compile(r"\w+|[^\w\s]")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.I)


class Tiers(Record, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="upper"):
    """Domains by how far they are trusted; `gov` stands for every domain that ends in that label."""

    a: tuple[str, ...] = ()  # trusted most
    b: tuple[str, ...] = ()
    c: tuple[str, ...] = ()


class Policy(Record, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """What the stories of a brand are held against."""

    brand: str
    promise: str = ""  # what the brand promises
    pillars: dict[str, tuple[str, ...]] = {}  # subject → words and phrases that tell it
    forbidden_tactics: tuple[str, ...] = ()  # what the brand never does: an item that proposes it is blocked
    always_cover: tuple[str, ...] = ()  # words and phrases that promote a story
    tiers: Tiers = Tiers()

    @cached_property
    def by_domain(self) -> Mapping[str, Literal["A", "B", "C"]]:
        """The tier of each entry."""
        return {domain: tier for tier, entry in _entries(self) if (domain := normalised(entry))}

    @cached_property
    def terms(self) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """Of pillars, triggers and tactics, each name with a term as it is searched for."""
        return {
            "pillars": tuple((name, _tokens(word)) for name, words in self.pillars.items() for word in words),
            "triggers": tuple((word, _tokens(word)) for word in self.always_cover),
            "tactics": tuple((word, _tokens(word)) for word in self.forbidden_tactics),
        }


class Mentions(Record, frozen=True, kw_only=True):
    """What of a policy an item mentions."""

    flags: tuple[str, ...]  # forbidden_tactic, always_cover
    pillars: tuple[str, ...]
    triggers: tuple[str, ...]
    tactics: tuple[str, ...]  # the forbidden ones
    words: tuple[str, ...]  # why each flag is there


def problems(policy: Policy, path: Path = ("policy",)) -> Iterator[Problem]:
    """What is wrong with a policy that stands at a path, beyond its types."""
    if not policy.brand.strip():
        yield Problem(path=(*path, "brand"), text="policy.brand is empty")
    yield from _term_problems(policy, path)
    seen: dict[str, str] = {}
    for tier in TIERS:
        for place, entry in enumerate(getattr(policy.tiers, tier.lower())):
            there, domain = (*path, "tiers", tier, place), normalised(entry)
            if not domain:
                yield Problem(path=there, text=f"{entry!r} is not a domain", hint="Write agency.gov, or gov for all.")
            elif domain in seen:
                yield Problem(path=there, text=f"{entry} stands in tier {seen[domain]} already, and again in {tier}")
            seen[domain] = tier


def _term_problems(policy: Policy, path: Path) -> Iterator[Problem]:
    lists: list[tuple[Path, tuple[str, ...]]] = [
        (("forbidden_tactics",), policy.forbidden_tactics),
        (("always_cover",), policy.always_cover),
        *((("pillars", name), words) for name, words in policy.pillars.items()),
    ]
    for where, words in lists:
        if not words and where[0] == "pillars":
            yield Problem(path=(*path, *where), text=f"the pillar {where[1]} has no word that tells it")
        for place, word in enumerate(words):
            if not _tokens(word).strip():
                yield Problem(path=(*path, *where, place), text=f"{word!r} holds no word to look for")


def _entries(policy: Policy) -> Iterator[tuple[Literal["A", "B", "C"], str]]:
    for tier in TIERS:
        for entry in getattr(policy.tiers, tier.lower()):
            yield tier, entry


def domain_of(url: str) -> str:
    """The host of a URL in lower case and punycode (IDNA 2003), without port; empty where it names none."""
    text = url.strip()
    if not _SCHEME.match(text) or (re.match(r"[^/?#@]*:\d+(?:[/?#]|$)", text) and "//" not in text):
        text = text if text.startswith("//") else f"//{text}"
    try:
        host = urlsplit(text).hostname
    except ValueError:  # brackets that hold no address
        return ""
    return normalised(host or "")


def normalised(domain: str) -> str:
    """A domain in lower case and punycode, without a final dot; empty for what is none."""
    try:
        labels = [label.encode("idna").decode("ascii").lower() for label in _dots(domain).split(".")]
    except UnicodeError:
        return ""
    return ".".join(labels) if all(_LABEL.fullmatch(label) for label in labels) else ""


def _dots(domain: str) -> str:
    return re.sub("[\u3002\uff0e\uff61]", ".", domain.strip()).removesuffix(".").casefold()


def tier_of(policy: Policy, domain: str) -> Tier:
    """The trust tier of a domain: that of the longest entry which is the domain or its last labels."""
    labels = normalised(domain).split(".")
    for start in range(len(labels)):
        tier = policy.by_domain.get(".".join(labels[start:]))
        if tier is not None:
            return tier
    return "unrated"


def mentions(policy: Policy, *, text: str, tactics: Iterable[str] = ()) -> Mentions:
    """What a text says of pillars and triggers, and an item's tactics of what is forbidden.

    Whole words, whatever their case; a space, a hyphen and an underscore are the same.
    """
    said, done = _tokens(text), [_tokens(each) for each in tactics]
    pillars, triggers = (_found(policy.terms[kind], [said]) for kind in ("pillars", "triggers"))
    forbidden = _found(policy.terms["tactics"], done)
    flags = {FORBIDDEN_TACTIC: forbidden, ALWAYS_COVER: triggers}
    told = {FORBIDDEN_TACTIC: "proposes what the policy forbids", ALWAYS_COVER: "mentions what is always covered"}
    return Mentions(
        flags=tuple(flag for flag, found in flags.items() if found),
        pillars=pillars,
        triggers=triggers,
        tactics=forbidden,
        words=tuple(f"{told[flag]}: {', '.join(found)}" for flag, found in flags.items() if found),
    )


def _found(terms: Iterable[tuple[str, str]], texts: Iterable[str]) -> tuple[str, ...]:
    places = list(texts)
    return tuple(dict.fromkeys(name for name, term in terms if any(term in text for text in places)))


def _tokens(text: str) -> str:
    """Words and signs, each between spaces, so that a whole word is found as a piece of text."""
    plain = _HYPHENS.sub(" ", unicodedata.normalize("NFKC", text).casefold())
    return f" {' '.join(_TOKEN.findall(plain))} "
