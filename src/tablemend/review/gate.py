"""Gates: named conditions over an item that promote it, block it, or leave it to people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path as File
from typing import Any, Literal

from tablemend.errors import SettingsError
from tablemend.records import Item, Record
from tablemend.review import conditions, contradictions, toml
from tablemend.review.conditions import Condition, Test
from tablemend.review.fields import FIELDS, of_item
from tablemend.review.scorecard import Scorecard
from tablemend.review.toml import Fault, Problem, nearest

Outcome = Literal["promote", "monitor", "block"]
OUTCOMES: tuple[Outcome, ...] = ("promote", "monitor", "block")
HINT = "A gate has a name, a default and rules; `tablemend gates show repair` prints one."
FOLDER = "gates"
_REMEMBERED = 10_000
"""Different judgements that a gate remembers."""


class Words(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a gate calls the three outcomes, in its file and where it is shown."""

    promote: str = "promote"  # an approval
    monitor: str = "monitor"  # left to people
    block: str = "block"  # may not be approved without force


class Rule(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Conditions and what happens where they hold: every one of `all` and, where there are some, one of `any`."""

    outcome: str  # a word of the gate
    name: str = ""  # shown in explanations
    all: tuple[Condition, ...] = ()  # each must hold
    any: tuple[Condition, ...] = ()  # one of these must hold


class Gate(Record, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """Rules tried in order; the first that holds decides, else the default."""

    name: str
    default: str  # outcome where no rule holds
    items: str | None = None  # the type of items that it is for, such as repair; by default every type
    words: Words = Words()
    rules: tuple[Rule, ...] = ()

    @cached_property
    def outcomes(self) -> dict[str, Outcome]:
        """The outcome that each word of this gate stands for."""
        return {getattr(self.words, outcome): outcome for outcome in OUTCOMES}

    @cached_property
    def compiled(self) -> tuple[_Compiled, ...]:
        """The rules made ready once; SettingsError where a gate made without a file cannot be used."""
        toml.require(problems(self), f"gate {self.name}", HINT)
        return tuple(_compiled(self, place, rule) for place, rule in enumerate(self.rules, start=1))

    @cached_property
    def asked(self) -> tuple[Callable[[Item], Any], ...]:
        """How each field that the rules ask about is taken from an item."""
        names = dict.fromkeys(each.field for rule in self.rules for each in (*rule.all, *rule.any))
        return tuple(of_item(name) for name in names)

    @cached_property
    def judged(self) -> dict[tuple[Any, ...], Judgement]:
        """What was made of items, by the values that the rules ask about: many items have the same."""
        return {}


class Judgement(Record, frozen=True, kw_only=True):
    """What a gate made of an item, with every condition that passed or failed in words."""

    outcome: Outcome
    word: str  # what the gate calls the outcome
    rule: str  # the rule that decided, or "default"
    explanation: tuple[str, ...]  # a line for each rule that was tried; the last one decided


class _Compiled(Record, frozen=True, kw_only=True):
    label: str
    outcome: Outcome
    word: str
    all: tuple[Test[Item], ...]
    any: tuple[Test[Item], ...]


@cache
def shipped(name: str) -> Gate:
    """A gate that comes with tablemend."""
    return parse(toml.shipped(FOLDER, name), origin=f"{FOLDER}/{name}.toml")


def load(what: str | File, *, card: Scorecard | None = None) -> Gate:
    """A gate of a file, or a shipped one by name; SettingsError says what is wrong, on which line.

    With a scorecard, also where the gate asks for a part or band that it does not have.
    """
    text, origin = source(what)
    return parse(text, origin=origin, card=card)


def source(what: str | File) -> tuple[str, str]:
    """The text of a file, or of a shipped one by name, and how messages call it."""
    return toml.text_of(what, FOLDER)


def parse(text: str, *, origin: str, card: Scorecard | None = None) -> Gate:
    """Read a gate from TOML, as `load`."""
    return toml.read(text, Gate, origin=origin, check=lambda gate: problems(gate, card), hint=HINT)


def faults(text: str) -> list[Fault]:
    """Everything that keeps a text from being a gate, by line."""
    return toml.faults(text, Gate, check=problems, hint=HINT)


def require_fit(gate: Gate, items: str, card: Scorecard | None = None) -> None:
    """Raise SettingsError where a gate is for another type of items, or asks for what a scorecard does not have."""
    if gate.items not in (None, items):
        raise SettingsError(
            f"the gate {gate.name} is for items of the type {gate.items}, and these are of the type {items}",
            hint=f'Name a gate with items = "{items}", or one for every type.',
        )
    toml.require(problems(gate, card), f"gate {gate.name}", HINT)


def problems(gate: Gate, card: Scorecard | None = None) -> Iterator[Problem]:
    """What is wrong with a gate beyond its types, also where it is to judge what a scorecard has scored."""
    for key in ("name", "items"):
        if getattr(gate, key) is not None and not getattr(gate, key).strip():
            yield Problem(path=(key,), text=f"{key} is empty")
    words = [getattr(gate.words, outcome) for outcome in OUTCOMES]
    if len(set(words)) < len(words) or not all(words):
        yield Problem(path=("words",), text=f"the words {', '.join(words)} do not tell three outcomes apart")
    for outcome, word in zip(OUTCOMES, words, strict=True):
        if word != outcome and word in OUTCOMES:
            yield Problem(
                path=("words", outcome),
                text=f"words.{outcome} is {word!r}, which is the name of another outcome",
                hint="Give it a word of its own.",
            )
    if gate.default not in words:
        yield Problem(path=("default",), text=f"default is {gate.default!r}; it is one of {', '.join(words)}")
    for place, rule in enumerate(gate.rules):
        yield from _rule_problems(rule, ("rules", place), words, card)


def _rule_problems(
    rule: Rule, path: tuple[str | int, ...], words: list[str], card: Scorecard | None
) -> Iterator[Problem]:
    if rule.outcome not in words:
        yield Problem(
            path=(*path, "outcome"), text=f"rules.outcome is {rule.outcome!r}; it is one of {', '.join(words)}"
        )
    if not rule.all and not rule.any:
        yield Problem(
            path=path, text="a rule has no condition, so it would always hold", hint="Give it `all` or `any`."
        )
    parts = None if card is None else card.parts
    unusable: list[Problem] = []
    for key, given in (("all", rule.all), ("any", rule.any)):
        unusable += conditions.problems(given, (*path, key), FIELDS, parts)
        unusable += () if card is None else _band_problems(given, (*path, key), card)
    yield from unusable
    if unusable:
        return  # what cannot be used contradicts nothing yet
    maxima = {} if card is None else {name: part.maximum for name, part in card.parts.items()}
    yield from contradictions.problems(rule.all, rule.any, path, maxima)


def _band_problems(given: Sequence[Condition], path: tuple[str | int, ...], card: Scorecard) -> Iterator[Problem]:
    """The bands that conditions name and a scorecard does not have."""
    there = [band.name for band in card.bands]
    for place, condition in enumerate(given):
        if condition.field != "band":
            continue
        for key, value in conditions.given(condition).items():
            for name in value if isinstance(value, tuple) else (value,):
                if name not in there:
                    has = f"has the bands {', '.join(there)}" if there else "has no bands"
                    yield Problem(
                        path=(*path, place, key),
                        text=f"there is no band {name!r}; the scorecard {card.name} {has}",
                        hint=nearest(str(name), there),
                    )


def _compiled(gate: Gate, place: int, rule: Rule) -> _Compiled:
    return _Compiled(
        label=f"rule {place}" + (f", {rule.name}" if rule.name else ""),
        outcome=gate.outcomes[rule.outcome],
        word=rule.outcome,
        all=conditions.compiled_all(rule.all, of_item),
        any=conditions.compiled_all(rule.any, of_item),
    )


def judge(gate: Gate, item: Item) -> Judgement:
    """Try the rules of a gate on an item; every condition of every rule tried is told."""
    key = tuple(take(item) for take in gate.asked)
    known = gate.judged.get(key)
    if known is None:
        known = _judged(gate, item)
        if len(gate.judged) < _REMEMBERED:
            gate.judged[key] = known
    return known


def _judged(gate: Gate, item: Item) -> Judgement:
    explanation: list[str] = []
    for rule in gate.compiled:
        held, told = _tried(rule, item)
        explanation.append(f"{rule.label} ({rule.word}): {told}")
        if held:
            return Judgement(outcome=rule.outcome, word=rule.word, rule=rule.label, explanation=tuple(explanation))
    explanation.append(f"no rule held: {gate.default}")
    outcome = gate.outcomes[gate.default]
    return Judgement(outcome=outcome, word=gate.default, rule="default", explanation=tuple(explanation))


def _tried(rule: _Compiled, item: Item) -> tuple[bool, str]:
    """Whether a rule holds, and how each of its conditions came out."""
    held, told = True, []
    for test in rule.all:
        passed, words = test.told(item)
        held = held and passed
        told.append(f"passed: {words}" if passed else f"failed: {words}")
    if rule.any:
        tested = [test.told(item) for test in rule.any]
        held = held and any(passed for passed, _ in tested)
        words = "; ".join(f"passed: {words}" if passed else f"failed: {words}" for passed, words in tested)
        told.append(f"one of ({words})" if len(tested) > 1 else words)
    return held, "; ".join(told)


def why_not(gate: Gate, item: Item) -> tuple[str, ...]:
    """What kept an item from being promoted, a line for each reason; empty for what is promoted."""
    judgement = judge(gate, item)
    if judgement.outcome == "promote":
        return ()
    promoting = [rule for rule in gate.compiled if rule.outcome == "promote"]
    by_default = gate.outcomes[gate.default] == "promote"
    if not promoting and not by_default:
        return (f"no rule of the gate {gate.name} gives {gate.words.promote}",)
    later = by_default or any(rule.label == promoting[-1].label for rule in gate.compiled[len(judgement.explanation) :])
    first = [judgement.explanation[-1]] if later and judgement.rule != "default" else []
    lacking = ((rule, _lacking(rule, item)) for rule in promoting)
    return (*first, *(f"{rule.label} ({rule.word}): {words}" for rule, words in lacking if words))


def _lacking(rule: _Compiled, item: Item) -> str:
    """The conditions of a rule that fail; empty where it would hold."""
    failed = [words for passed, words in (test.told(item) for test in rule.all) if not passed]
    others = [test.told(item) for test in rule.any]
    if others and not any(passed for passed, _ in others):
        failed.append(" and ".join(words for _, words in others))
    return "; ".join(failed)
