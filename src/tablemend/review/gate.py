"""Gates: named conditions over an item that approve it, block it, or leave it to a person."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any, Literal

import msgspec

from tablemend.errors import SettingsError
from tablemend.records import Item, Record

Outcome = Literal["approve", "block", "ask"]


class Rule(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Conditions that must all hold, and what then happens."""

    outcome: Outcome
    any_flag: tuple[str, ...] = ()  # at least one of these risk flags
    confidence_at_least: float | None = None
    rows_at_most: int | None = None
    checks: tuple[str, ...] = ()  # the item's check is one of these


class Gate(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules tried in order; the first that holds decides, else the default."""

    name: str
    default: Outcome
    rules: tuple[Rule, ...] = ()


class Judgement(Record, frozen=True, kw_only=True):
    """What a gate made of an item, with every condition that passed or failed in words."""

    outcome: Outcome
    explanation: tuple[str, ...]


@cache
def shipped(name: str) -> Gate:
    """A gate that comes with tablemend."""
    text = resources.files("tablemend.review").joinpath(f"gates/{name}.toml").read_text(encoding="utf-8")
    return parse(text, origin=f"gate {name}")


def parse(text: str, *, origin: str) -> Gate:
    """Read a gate from TOML; `SettingsError` says what is wrong in it."""
    try:
        return msgspec.convert(tomllib.loads(text), Gate)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as problem:
        raise SettingsError(f"{origin}: {problem}", hint="A gate has a name, a default and rules.") from problem


def judge(gate: Gate, item: Item) -> Judgement:
    """Try the rules of a gate on an item."""
    explanation: list[str] = []
    for number, rule in enumerate(gate.rules, start=1):
        tested = _test(rule, item)
        words = "; ".join(("passed: " if held else "failed: ") + text for held, text in tested)
        explanation.append(f"rule {number} ({rule.outcome}): {words}")
        if all(held for held, _ in tested):
            return Judgement(outcome=rule.outcome, explanation=tuple(explanation))
    explanation.append(f"no rule held: {gate.default}")
    return Judgement(outcome=gate.default, explanation=tuple(explanation))


def _test(rule: Rule, item: Item) -> list[tuple[bool, str]]:
    tested: list[tuple[bool, str]] = []
    if rule.any_flag:
        present = sorted(set(rule.any_flag) & set(item.flags))
        tested.append((bool(present), f"has a flag of {', '.join(rule.any_flag)} ({', '.join(present) or 'none'})"))
    for value, limit, held, name in _bounds(rule, item):
        if limit is not None:
            tested.append((held, f"{name} {limit:g} ({value:g})"))
    if rule.checks:
        tested.append((item.check in rule.checks, f"check is one of {', '.join(rule.checks)} ({item.check})"))
    return tested


def _bounds(rule: Rule, item: Item) -> tuple[tuple[Any, Any, bool, str], ...]:
    low, high = rule.confidence_at_least, rule.rows_at_most
    return (
        (item.confidence, low, low is not None and item.confidence >= low, "confidence at least"),
        (item.rows, high, high is not None and item.rows <= high, "rows at most"),
    )
