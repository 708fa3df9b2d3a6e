"""Scoring an item by a scorecard."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tablemend.errors import ScoreError
from tablemend.records import Record
from tablemend.review import conditions, toml
from tablemend.review.comparators import figure
from tablemend.review.conditions import Condition, Test
from tablemend.review.fields import FACTS, PART, of_facts
from tablemend.review.scorecard import FULL, HINT, Change, Derivation, Modifier, Part, Scorecard, problems

Facts = Mapping[str, Any]

_REMEMBERED = 100_000
"""Different values of which a part remembers the points: many items have the same."""

_ACCEPTED: Mapping[str, tuple[type, ...]] = {
    name: (int, float) if field.kind == "number" else (tuple, list)
    for name, field in FACTS.items()
    if name != "flags"  # which are given apart
}
"""What each fact may be; a set is a tuple or a list of texts."""


class Scored(Record, frozen=True, kw_only=True):
    """What a scorecard made of an item."""

    parts: dict[str, float]  # after the modifiers, each from 0 to its maximum
    total: float  # 0 to 100
    band: str  # empty where the total lies in no band
    notes: tuple[str, ...] = ()  # what each modifier did, with its true amounts
    derived: dict[str, str] = {}  # part → why it has its points, where the item brought no score
    before: float  # the total before the modifiers


class _Derivation(Record, frozen=True, kw_only=True):
    points: float
    all: tuple[Test[Facts], ...]
    any: tuple[Test[Facts], ...]


class _Change(Record, frozen=True, kw_only=True):
    part: str
    maximum: float
    add: float
    otherwise: float | None
    tests: tuple[Test[Facts], ...]


class _Modifier(Record, frozen=True, kw_only=True):
    flag: str
    note: str
    changes: tuple[_Change, ...]


class Scorer:
    """A scorecard made ready once, to score many items. SettingsError where the card cannot be used."""

    def __init__(self, card: Scorecard) -> None:
        toml.require(problems(card), f"scorecard {card.name}", HINT)
        self._card = card
        self._maxima = {name: part.maximum for name, part in card.parts.items()}
        self._derivations = {name: tuple(_ready(rule) for rule in part.derive) for name, part in card.parts.items()}
        self._asked = {name: _asked(part) for name, part in card.parts.items()}
        self._points: dict[str, dict[tuple[Any, ...], tuple[float, str]]] = {name: {} for name in card.parts}
        self._modifiers = tuple(_ready_modifier(each, card.parts) for each in card.modifiers)

    def score(self, *, parts: Mapping[str, float], flags: Iterable[str], facts: Facts) -> Scored:
        """Score one item; see `score`."""
        marks = tuple(flags)
        known = self._known(facts, marks)
        derived: dict[str, str] = {}
        found = self._parts(parts, known, derived)
        before = self._total(found)
        values, notes = found, []
        acting = [each for each in self._modifiers if each.flag in marks]
        if acting:
            seen = known | {PART + name: value for name, value in found.items()}
            seen |= {"total": before, "band": self._card.band(before) or None}
            values = dict(found)
            notes = [f"{each.note}: {_modify(each, values, seen)}" for each in acting]
        total = self._total(values)
        return Scored(
            parts=values,
            total=total,
            band=self._card.band(total),
            notes=tuple(notes),
            derived=derived,
            before=before,
        )

    def _total(self, parts: Mapping[str, float]) -> float:
        return FULL * math.fsum(parts.values()) / self._card.maximum

    @staticmethod
    def _known(facts: Facts, flags: tuple[str, ...]) -> dict[str, Any]:
        for name, value in facts.items():
            accepted = _ACCEPTED.get(name)
            if accepted is None:
                raise ScoreError(f"there is no fact {name}", hint=f"The facts are {', '.join(_ACCEPTED)}.")
            if not isinstance(value, accepted) or isinstance(value, bool):
                raise ScoreError(
                    f"the fact {name} is {value!r}; it is a {FACTS[name].kind}", hint="Leave out what is not measured."
                )
        return {**facts, "flags": flags}

    def _parts(self, given: Mapping[str, float], facts: Facts, derived: dict[str, str]) -> dict[str, float]:
        if unknown := given.keys() - self._maxima.keys():
            raise ScoreError(
                f"there is no part {', '.join(sorted(unknown))}; the scorecard {self._card.name} has "
                f"{', '.join(self._maxima)}",
                hint="Score the parts of the scorecard.",
            )
        found = {}
        for name, maximum in self._maxima.items():
            if name in given:
                found[name] = _within(name, given[name], maximum)
            else:
                found[name], derived[name] = self._remembered(name, facts)
        return found

    def _remembered(self, name: str, facts: Facts) -> tuple[float, str]:
        """What a part derives from facts: the same for all items that are alike in what it asks about."""
        known, key = self._points[name], tuple(map(facts.get, self._asked[name]))
        try:
            found = known.get(key)
        except TypeError:  # a set that is given as a list
            return self._derive(name, facts)
        if found is None:
            found = self._derive(name, facts)
            if len(known) < _REMEMBERED:
                known[key] = found
        return found

    def _derive(self, name: str, facts: Facts) -> tuple[float, str]:
        rules = self._derivations[name]
        if not rules:
            raise ScoreError(
                f"the part {name} has no score, and the scorecard {self._card.name} has no rules to derive it",
                hint=f"Give {name} a score from 0 to {figure(self._maxima[name])}.",
            )
        for rule in rules:
            if _holds(rule, facts):
                return rule.points, ", ".join(_words(rule, facts, held=True))
        failed = [words for rule in rules for words in _words(rule, facts, held=False)]
        raise ScoreError(
            f"the part {name} has no score, and no rule of the scorecard {self._card.name} derives it: "
            + "; ".join(dict.fromkeys(failed)),
            hint=f"Give {name} a score from 0 to {figure(self._maxima[name])}, or add a rule.",
        )


def score(
    card: Scorecard, *, parts: Mapping[str, float], flags: Iterable[str] = (), facts: Facts | None = None
) -> Scored:
    """Score an item: the parts that it brings, the others derived from facts, then what its flags change.

    Raises ScoreError for a part that is unknown, out of 0 to its maximum, or neither given nor derivable, and for an
    unknown fact.
    """
    return scorer(card).score(parts=parts, flags=flags, facts=facts or {})


def scorer(card: Scorecard) -> Scorer:
    """The scorer of a card, made once."""
    ready = card.__dict__.get("scorer")
    if ready is None:
        ready = card.__dict__["scorer"] = Scorer(card)
    return ready


def _within(name: str, value: Any, maximum: float) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value <= maximum:  # NaN fails every comparison
        raise ScoreError(
            f"the part {name} is {value!r}; it goes from 0 to {figure(maximum)}", hint="Mend the score of the item."
        )
    return float(value)


def _holds(rule: _Derivation, facts: Facts) -> bool:
    for test in rule.all:
        if not test.held(facts):
            return False
    return not rule.any or any(test.held(facts) for test in rule.any)


def _words(rule: _Derivation, facts: Facts, *, held: bool) -> list[str]:
    """The conditions of a rule that hold, or those that do not."""
    told = (test.told(facts) for test in (*rule.all, *rule.any))
    return [words for passed, words in told if passed == held]


def _modify(modifier: _Modifier, values: dict[str, float], seen: Facts) -> str:
    """Change the values; what came of it, in words."""
    told = []
    for change in modifier.changes:
        held = all(test.held(seen) for test in change.tests)
        asked = change.add if held else change.otherwise
        if asked is not None:
            told.append(_apply(change, asked, values))
    return ", ".join(told) or "nothing changed"


def _apply(change: _Change, asked: float, values: dict[str, float]) -> str:
    before = values[change.part]
    after = min(max(before + asked, 0.0), change.maximum)
    values[change.part] = after
    if after == before + asked:
        return f"{change.part} {_signed(asked)}"
    limit = "below 0" if after == 0 else f"above {figure(change.maximum)}"
    return f"{change.part} {_signed(after - before)} (of {_signed(asked)}: it cannot go {limit})"


def _signed(amount: float) -> str:
    sign = "−" if amount < 0 else "+" if amount > 0 else ""
    return f"{sign}{figure(abs(amount))}"


def _asked(part: Part) -> tuple[str, ...]:
    """The facts that the rules of a part ask about."""
    return tuple(dict.fromkeys(each.field for rule in part.derive for each in (*rule.all, *rule.any)))


def _ready(rule: Derivation) -> _Derivation:
    return _Derivation(points=rule.points, all=_tests(rule.all), any=_tests(rule.any))


def _ready_modifier(modifier: Modifier, parts: Mapping[str, Part]) -> _Modifier:
    changes = tuple(_ready_change(change, parts[change.part].maximum) for change in modifier.changes)
    return _Modifier(flag=modifier.flag, note=modifier.note, changes=changes)


def _ready_change(change: Change, maximum: float) -> _Change:
    return _Change(
        part=change.part,
        maximum=maximum,
        add=change.add,
        otherwise=change.otherwise,
        tests=_tests(change.if_),
    )


def _tests(given: Iterable[Condition]) -> tuple[Test[Facts], ...]:
    take: Callable[[str], Callable[[Facts], Any]] = of_facts
    return conditions.compiled_all(given, take)
