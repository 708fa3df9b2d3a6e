"""Scorecards as data: the parts of a score, the bands of its total, and what flags change."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path as File

from tablemend.records import Record
from tablemend.review import conditions, contradictions, policy, toml
from tablemend.review.conditions import Condition
from tablemend.review.fields import FACTS, FIELDS
from tablemend.review.lines import Path
from tablemend.review.policy import Policy
from tablemend.review.toml import Fault, Problem

HINT = "A scorecard has a name and parts; `tablemend scorecards show brand` prints one."
FOLDER = "scorecards"
FULL = 100.0
"""What a total is normalised to."""
MOST = 1e6
"""The largest maximum of a part and the largest change: sums of so many points stay exact to far below a point."""
COLUMNS_OF_STORIES = (
    "id",
    "title",
    "summary",
    "url",
    "published",
    "flags",
    "tactics",
    "angle",
    "claims",
    "evidence_urls",
    "contradicting_urls",
)
"""Columns that stories in CSV have besides one for each part, so that no part can be called so."""


class Derivation(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Points for an item that brings no score of its own: where all of `all` and, if given, one of `any` hold."""

    points: float
    all: tuple[Condition, ...] = ()  # each must hold
    any: tuple[Condition, ...] = ()  # one of these must hold


class Part(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the score, from 0 to its maximum."""

    maximum: float
    help: str = ""  # what it measures
    derive: tuple[Derivation, ...] = ()  # tried in order; the first that holds gives the points


class Band(Record, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """A name for totals from a bound up to, but without, another."""

    name: str
    from_: float  # the least total of the band
    to: float | None = None  # by default where the next band begins; 100 includes 100


class Change(Record, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"if_": "if"}):
    """What a modifier does to a part."""

    part: str
    add: float  # points, where the conditions hold
    if_: tuple[Condition, ...] = ()  # each must hold, on the values before any modifier
    otherwise: float | None = None  # points where they do not; by default nothing changes


class Modifier(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes that a flag brings, told in a note with the amounts that they came to."""

    name: str
    flag: str  # of an item that it acts on
    note: str  # begins the note
    changes: tuple[Change, ...]


class Scorecard(Record, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """How items are scored: the total is the sum of the parts by the sum of their maxima, times 100.

    Modifiers act in the order of the file. Their conditions look at the values before any modifier, so that no
    condition depends on that order; a part never leaves 0 to its maximum.
    """

    name: str
    parts: dict[str, Part]
    bands: tuple[Band, ...] = ()
    modifiers: tuple[Modifier, ...] = ()
    policy: Policy | None = None

    @cached_property
    def maximum(self) -> float:
        """Sum of the maxima of all parts."""
        return math.fsum(part.maximum for part in self.parts.values())

    @cached_property
    def ranges(self) -> tuple[tuple[str, float, float], ...]:
        """Name, bottom and top of each band, from the highest down."""
        return tuple(reversed([(band.name, band.from_, top) for band, top in _ranged(self.bands)]))

    def band(self, total: float) -> str:
        """The band of a total; empty where it lies in none."""
        for name, bottom, top in self.ranges:
            if bottom <= total and (total < top or top == FULL):
                return name
        return ""


@cache
def shipped(name: str) -> Scorecard:
    """A scorecard that comes with tablemend."""
    return parse(toml.shipped(FOLDER, name), origin=f"{FOLDER}/{name}.toml")


def load(what: str | File) -> Scorecard:
    """A scorecard of a file, or a shipped one by name; SettingsError says what is wrong, on which line."""
    text, origin = source(what)
    return parse(text, origin=origin)


def source(what: str | File) -> tuple[str, str]:
    """The text of a file, or of a shipped one by name, and how messages call it."""
    return toml.text_of(what, FOLDER)


def parse(text: str, *, origin: str) -> Scorecard:
    """Read a scorecard from TOML; SettingsError says what is wrong, on which line."""
    return toml.read(text, Scorecard, origin=origin, check=problems, hint=HINT)


def faults(text: str) -> list[Fault]:
    """Everything that keeps a text from being a scorecard, by line."""
    return toml.faults(text, Scorecard, check=problems, hint=HINT)


def problems(card: Scorecard) -> Iterator[Problem]:
    """What is wrong with a scorecard beyond its types."""
    if not card.name.strip():
        yield Problem(path=("name",), text="name is empty")
    if not card.parts:
        yield Problem(path=("parts",), text="there are no parts", hint="Write [parts.NAME] with a maximum.")
    seen: dict[str, str] = {}
    for name, part in card.parts.items():
        if name.casefold() in seen:
            yield Problem(
                path=("parts", name), text=f"the parts {seen[name.casefold()]} and {name} differ in case only"
            )
        seen[name.casefold()] = name
        yield from _part_problems(name, part, ("parts", name))
    yield from _band_problems(card.bands)
    for place, modifier in enumerate(card.modifiers):
        yield from _modifier_problems(card, place, modifier)
    if card.policy is not None:
        yield from policy.problems(card.policy)


def _part_problems(name: str, part: Part, path: Path) -> Iterator[Problem]:
    if name == "total" or not name.strip():
        yield Problem(path=path, text=f"a part cannot be called {name!r}", hint="Give it another name.")
    if name.strip().casefold() in COLUMNS_OF_STORIES:
        yield Problem(
            path=path,
            text=f"a part cannot be called {name!r}, as a column of stories in CSV is",
            hint="Give it another name.",
        )
    if not 0 < part.maximum <= MOST:
        yield Problem(
            path=(*path, "maximum"),
            text=f"parts.{name}.maximum is {part.maximum:g}; it must be above 0 and at most {MOST:,.0f}",
        )
    for place, rule in enumerate(part.derive):
        there = (*path, "derive", place)
        if not 0 <= rule.points <= part.maximum:
            yield Problem(
                path=(*there, "points"),
                text=f"parts.{name}.derive.points is {rule.points:g}; {name} goes from 0 to {part.maximum:g}",
            )
        if not rule.all and not rule.any:
            yield Problem(
                path=there, text="points without a condition would score what nobody measured", hint="Give it `all`."
            )
        unusable = [
            *conditions.problems(rule.all, (*there, "all"), FACTS, ()),
            *conditions.problems(rule.any, (*there, "any"), FACTS, ()),
        ]
        yield from unusable or contradictions.problems(rule.all, rule.any, there)


def _ranged(bands: tuple[Band, ...]) -> list[tuple[Band, float]]:
    """The bands from the lowest up, each with where it ends."""
    rising = sorted(bands, key=lambda band: band.from_)
    nexts = [*(band.from_ for band in rising[1:]), FULL]
    return [(band, above if band.to is None else band.to) for band, above in zip(rising, nexts, strict=False)]


def _band_problems(bands: tuple[Band, ...]) -> Iterator[Problem]:
    names: set[str] = set()
    for place, band in enumerate(bands):
        path: Path = ("bands", place)
        for key, value in (("from", band.from_), ("to", band.to)):
            if value is not None and not 0 <= value <= FULL:
                yield Problem(path=(*path, key), text=f"bands.{key} is {value:g}; totals go from 0 to 100")
        if band.to is not None and band.to <= band.from_:
            yield Problem(
                path=(*path, "to"), text=f"the band {band.name} goes backwards, from {band.from_:g} to {band.to:g}"
            )
        if band.name in names or not band.name.strip():
            yield Problem(path=(*path, "name"), text=f"there are two bands {band.name!r}" if band.name else "no name")
        names.add(band.name)
    yield from _overlaps(bands)


def _overlaps(bands: tuple[Band, ...]) -> Iterator[Problem]:
    ranged = _ranged(bands)
    for (lower, top), (upper, _) in pairwise(ranged):
        if upper.from_ < top or upper.from_ == lower.from_:
            later = max(bands.index(lower), bands.index(upper))
            path: Path = ("bands", later, "from") if lower.to is None else ("bands", bands.index(lower), "to")
            yield Problem(
                path=path,
                text=f"the bands {lower.name} (to {top:g}) and {upper.name} (from {upper.from_:g}) overlap",
            )


def _modifier_problems(card: Scorecard, place: int, modifier: Modifier) -> Iterator[Problem]:
    path: Path = ("modifiers", place)
    if modifier.name in [each.name for each in card.modifiers[:place]]:
        yield Problem(path=(*path, "name"), text=f"there are two modifiers {modifier.name!r}")
    for key in ("name", "flag", "note"):
        if not getattr(modifier, key).strip():
            yield Problem(path=(*path, key), text=f"modifiers.{key} is empty")
    if not modifier.changes:
        yield Problem(path=(*path, "changes"), text=f"the modifier {modifier.name} changes nothing")
    for number, change in enumerate(modifier.changes):
        yield from _change_problems(card, change, (*path, "changes", number))


ASKABLE = {**FACTS, "total": FIELDS["total"], "band": FIELDS["band"]}
"""What the conditions of modifiers can ask about, besides the parts."""


def _change_problems(card: Scorecard, change: Change, path: Path) -> Iterator[Problem]:
    if change.part not in card.parts:
        yield Problem(
            path=(*path, "part"), text=f"there is no part {change.part!r}; the parts are {', '.join(card.parts)}"
        )
    for key, value in (("add", change.add), ("otherwise", change.otherwise)):
        if value is not None and not abs(value) <= MOST:
            yield Problem(
                path=(*path, key),
                text=f"modifiers.changes.{key} is {value:g}; it goes from {-MOST:,.0f} to {MOST:,.0f}",
            )
    if change.otherwise is not None and not change.if_:
        yield Problem(path=(*path, "otherwise"), text="otherwise stands without `if`")
    unusable = list(conditions.problems(change.if_, (*path, "if"), ASKABLE, card.parts))
    maxima = {name: part.maximum for name, part in card.parts.items() if 0 < part.maximum <= MOST}
    yield from unusable or contradictions.problems(change.if_, (), path, maxima, key="if")
