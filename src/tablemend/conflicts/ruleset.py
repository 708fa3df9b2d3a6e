"""Rulesets as data: what a row says of whom, when and where, and which two rows cannot both be true."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path as File
from typing import Literal

from tablemend.conflicts.originals import Options
from tablemend.records import Record
from tablemend.review import toml
from tablemend.review.lines import Path
from tablemend.review.toml import Fault, Problem, nearest

HINT = "A ruleset has an id, an entity, a scope, intervals and rules; `tablemend conflicts rules visits` prints one."
PLACE = "tablemend.conflicts"
FOLDER = "rulesets"

Test = Literal["same", "overlap", "travel", "period"]
"""What a rule asks of two intervals: equal at both ends, overlapping but not equal, too far apart for the time between
them; or of an interval and a period that they overlap."""


class Interval(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two columns with a beginning and an end."""

    start: str
    end: str


class State(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a row is in a state: which intervals have both of their ends, and which have neither."""

    complete: tuple[str, ...] = ()  # intervals that have both ends
    missing: tuple[str, ...] = ()  # intervals that have no end


class Side(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The interval of a row that a rule looks at, and the state in which it does."""

    interval: str
    state: str = ""  # any where empty


class Rule(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why two rows cannot both be true; the two sides may be either way round."""

    flag: str  # its name in reports
    test: Test
    one: Side
    other: Side | None = None  # by default as `one`
    kinds: tuple[str, ...] = ()  # of a period: those that count, by their kind; every one where empty
    anywhere: bool = False  # of a period: also one at the same place, in the column that must differ
    help: str = ""  # in a sentence
    on: bool = True

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both sides."""
        return self.one, self.other or self.one


class Point(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two columns with degrees."""

    latitude: str
    longitude: str


class Speed(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How fast a distance is travelled."""

    to: float  # miles: up to, but without
    mph: float


class Travel(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long it takes from where a row ends to where another begins."""

    leaves: tuple[str, ...]  # points where an interval ends: the first that is known
    arrives: tuple[str, ...]  # points where an interval begins: the first that is known
    postcode: str = ""  # a column; two rows of the same postcode are not too far apart
    road_factor: float = 1.25  # roads are longer than the straight line
    speeds: tuple[Speed, ...]  # by distance, rising; beyond the last the last one holds


class Periods(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Times at which an entity is taken: trainings, leaves, maintenance; a table beside that of the rows."""

    table: str  # in the database of the rows
    schema: str = ""  # by default that of the rows
    id: str  # column that tells periods apart
    entity: str  # column with the same keys as that of the rows
    start: str
    end: str  # a date without a time lasts until its day ends
    differ: str = ""  # column that is compared with the one in which rows must differ
    kind: str = ""  # column that says what a period is
    row: str = "period"  # what a period is called

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read, each once."""
        found = (self.id, self.entity, self.start, self.end, self.differ, self.kind)
        return tuple(dict.fromkeys(each for each in found if each))


class Exclude(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows that are not judged."""

    column: str = ""  # of a status
    values: tuple[str, ...] = ()  # compared without regard to case; a missing status is kept
    differ: tuple[str, ...] = ()  # of the column that must differ, such as agencies
    entities: tuple[str, ...] = ()  # as a run names them: by their hashes


class Window(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days around the present one in which the scope of a row must lie."""

    past: int
    future: int


class Money(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a row costs."""

    rate: str  # a column
    per: str  # a column that holds hour, day or visit
    billed: str  # a column: true, or a date, where it was billed


class Ruleset(Record, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """Which two rows of a table cannot both be true.

    Two rows are a pair where the entity and the scope are the same, and the id and, where there is one, the column that
    must differ are not.
    """

    name: str
    id: str  # column that tells rows apart
    entity: str  # column of who or what cannot be in two places
    scope: str  # column of the date
    intervals: dict[str, Interval]
    rules: tuple[Rule, ...]
    title: str = ""
    row: str = "row"  # what a row is called
    changed: str = ""  # column of when a row was changed last, or of a number that rises; where the source has it
    differ: str = ""  # column in which two rows must differ, such as the agency
    states: dict[str, State] = {}
    points: dict[str, Point] = {}
    travel: Travel | None = None
    periods: Periods | None = None
    exclude: Exclude = Exclude()
    window: Window | None = None
    money: Money | None = None
    options: Options = Options()

    @cached_property
    def active(self) -> tuple[Rule, ...]:
        """The rules that are on."""
        return tuple(each for each in self.rules if each.on)

    @cached_property
    def of_pairs(self) -> tuple[Rule, ...]:
        """The rules that are on and compare two rows."""
        return tuple(each for each in self.active if each.test != "period")

    @cached_property
    def of_periods(self) -> tuple[Rule, ...]:
        """The rules that are on and compare a row with a period."""
        return tuple(each for each in self.active if each.test == "period")

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns that decide, each once: no other is read."""
        found = [self.id, self.entity, self.scope, self.differ, self.exclude.column]
        for interval in self.intervals.values():
            found += [interval.start, interval.end]
        if self.travel is not None:
            found.append(self.travel.postcode)
            for name in (*self.travel.leaves, *self.travel.arrives):
                found += [self.points[name].latitude, self.points[name].longitude]
        if self.money is not None:
            found += [self.money.rate, self.money.per, self.money.billed]
        return tuple(dict.fromkeys(each for each in found if each))


@cache
def shipped(name: str) -> Ruleset:
    """A ruleset that comes with tablemend."""
    return parse(toml.shipped(FOLDER, name, PLACE), origin=f"{FOLDER}/{name}.toml")


def names() -> list[str]:
    """The rulesets that come with tablemend."""
    return toml.names(FOLDER, PLACE)


def load(what: str | File) -> Ruleset:
    """A ruleset of a file, or a shipped one by name; SettingsError says what is wrong, on which line."""
    text, origin = source(what)
    return parse(text, origin=origin)


def source(what: str | File) -> tuple[str, str]:
    """The text of a file, or of a shipped one by name, and how messages call it."""
    return toml.text_of(what, FOLDER, PLACE)


def parse(text: str, *, origin: str) -> Ruleset:
    """Read a ruleset from TOML; SettingsError says what is wrong, on which line."""
    return toml.read(text, Ruleset, origin=origin, check=problems, hint=HINT)


def faults(text: str) -> list[Fault]:
    """Everything that keeps a text from being a ruleset, by line."""
    return toml.faults(text, Ruleset, check=problems, hint=HINT)


def problems(rules: Ruleset) -> Iterator[Problem]:
    """What is wrong with a ruleset beyond its types."""
    for key in ("name", "id", "entity", "scope", "row"):
        if not getattr(rules, key).strip():
            yield Problem(path=(key,), text=f"{key} is empty")
    if not rules.intervals:
        yield Problem(path=("intervals",), text="there are no intervals", hint="Write [intervals.NAME].")
    if not rules.rules:
        yield Problem(path=("rules",), text="there are no rules", hint="Write [[rules]] with a flag and a test.")
    for name, state in rules.states.items():
        yield from _known((*state.complete, *state.missing), rules.intervals, "interval", ("states", name))
        for both in sorted(set(state.complete) & set(state.missing)):
            yield Problem(path=("states", name), text=f"{both} cannot be complete and missing at once")
    for place, rule in enumerate(rules.rules):
        yield from _rule_problems(rules, place, rule)
    if rules.travel is not None:
        yield from _travel_problems(rules, rules.travel)
    if rules.periods is not None:
        yield from _periods_problems(rules, rules.periods)
    yield from _choice_problems(rules)


def _choice_problems(rules: Ruleset) -> Iterator[Problem]:
    if not 0 <= rules.options.tolerance < math.inf:
        yield Problem(path=("options", "tolerance"), text="a tolerance is 0 minutes, or more")
    if rules.window is not None and min(rules.window.past, rules.window.future) < 0:
        yield Problem(path=("window",), text="a window goes from 0 days back to 0 days ahead, or further")
    if rules.exclude.values and not rules.exclude.column:
        yield Problem(path=("exclude", "values"), text="exclude.values stands without exclude.column")
    if rules.exclude.differ and not rules.differ:
        yield Problem(path=("exclude", "differ"), text="exclude.differ stands without differ")


def _known(names: tuple[str, ...], there: Mapping[str, object], what: str, path: Path) -> Iterator[Problem]:
    for name in names:
        if name not in there:
            listed = ", ".join(there) or "none"
            yield Problem(
                path=path, text=f"there is no {what} {name!r}; there are {listed}", hint=nearest(name, list(there))
            )


def _rule_problems(rules: Ruleset, place: int, rule: Rule) -> Iterator[Problem]:
    path: Path = ("rules", place)
    if not rule.flag.strip() or rule.flag in [each.flag for each in rules.rules[:place]]:
        yield Problem(path=(*path, "flag"), text=f"there are two rules {rule.flag!r}" if rule.flag else "no flag")
    for key, side in (("one", rule.one), ("other", rule.other)):
        if side is None:
            continue
        yield from _known((side.interval,), rules.intervals, "interval", (*path, key))
        if side.state:
            yield from _known((side.state,), rules.states, "state", (*path, key))
    if rule.test == "travel" and rules.travel is None:
        yield Problem(path=(*path, "test"), text="there is no [travel] for a rule that asks for it")
    if rule.test == "travel" and len(set(rule.sides)) > 1:
        yield Problem(path=(*path, "other"), text="a rule of travel looks at the same interval on both sides")
    if rule.test == "period":
        yield from _period_problems(rules, path, rule)
    for key in ("kinds", "anywhere"):
        if rule.test != "period" and getattr(rule, key):
            yield Problem(path=(*path, key), text=f"{key} is for rules of a period")


def _period_problems(rules: Ruleset, path: Path, rule: Rule) -> Iterator[Problem]:
    periods = rules.periods
    if rule.other is not None:
        yield Problem(path=(*path, "other"), text="a rule of a period looks at one interval", hint="Leave it out.")
    if periods is None:
        yield Problem(path=(*path, "test"), text="there is no [periods] for a rule that asks for it")
        return
    if rule.kinds and not periods.kind:
        yield Problem(path=(*path, "kinds"), text="kinds stands without periods.kind", hint="Name its column.")
    if rules.differ and not periods.differ and not rule.anywhere:
        hint = "Name the column of the periods, or write `anywhere = true` for this rule."
        yield Problem(path=path, text="rows must differ from periods in a column that periods.differ names", hint=hint)


def _periods_problems(rules: Ruleset, periods: Periods) -> Iterator[Problem]:
    for key in ("table", "id", "entity", "start", "end", "row"):
        if not getattr(periods, key).strip():
            yield Problem(path=("periods", key), text=f"periods.{key} is empty")
    if periods.differ and not rules.differ:
        yield Problem(path=("periods", "differ"), text="periods.differ stands without differ")


def _travel_problems(rules: Ruleset, travel: Travel) -> Iterator[Problem]:
    for key in ("leaves", "arrives"):
        yield from _known(getattr(travel, key), rules.points, "point", ("travel", key))
        if not getattr(travel, key):
            yield Problem(path=("travel", key), text=f"travel.{key} is empty", hint="Name a point: [points.NAME].")
    if not 1 <= travel.road_factor <= 10 or math.isnan(travel.road_factor):
        yield Problem(
            path=("travel", "road_factor"), text=f"road_factor is {travel.road_factor:g}; it goes from 1 to 10"
        )
    if not travel.speeds:
        yield Problem(path=("travel", "speeds"), text="there are no speeds")
    for place, speed in enumerate(travel.speeds):
        if not (0 < speed.mph < math.inf and 0 < speed.to < math.inf):
            yield Problem(path=("travel", "speeds", place), text="a speed and its distance are above 0")
    for place, (lower, upper) in enumerate(pairwise(travel.speeds), start=1):
        if upper.to <= lower.to:
            yield Problem(
                path=("travel", "speeds", place), text=f"speeds rise by distance; {upper.to:g} follows {lower.to:g}"
            )
