"""How fast items are scored and gated, with every explanation in words."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tablemend.bench.case import Row, peak_mb, rate, times
from tablemend.errors import StateError
from tablemend.records import Item
from tablemend.review import gate, scorecard, toml
from tablemend.review.scoring import scorer

ITEMS = 20_000
BAR = 20_000.0
"""Items per second that scoring and gating must reach."""

_SEED = 7
_FLAGS = ("single_source", "suspected_brigading", "misinformation_risk", "always_cover", "forbidden_tactic")

Story = tuple[dict[str, float], tuple[str, ...], dict[str, Any]]
"""Parts, flags and facts."""


def gate_rate(folder: Path) -> list[Row]:
    """Score and gate made stories, half of which bring no score of their own."""
    del folder
    stories = _stories(ITEMS)
    found = times(lambda: _ours(stories))
    peak = peak_mb()
    plain = _Plain()
    if _ours(stories) != plain.run(stories):
        raise StateError("the two ways to gate do not agree", hint="Compare them on one story.")
    baseline = times(lambda: plain.run(stories))
    what = "score and gate 20,000 items, in words"
    return [
        rate(
            "review.gate_rate",
            what,
            ITEMS,
            found,
            unit="items/s",
            baseline=baseline,
            baseline_what="rules walked as dictionaries, item by item",
            bar=BAR,
            peak=peak,
        )
    ]


def _stories(amount: int) -> list[Story]:
    chance = random.Random(_SEED)
    card = scorecard.shipped("brand")
    return [_story(chance, card) if n % 2 else ({}, *_story(chance, card)[1:]) for n in range(amount)]


def _story(chance: random.Random, card: scorecard.Scorecard) -> Story:
    parts = {name: float(chance.randint(0, int(part.maximum))) for name, part in card.parts.items()}
    facts = {
        "age_hours": chance.uniform(0, 300),
        "reports": chance.randint(1, 6),
        "pillars": ("quality", "origin", "price")[: chance.randint(0, 3)],
        "triggers": ("recall",)[: chance.randint(0, 1)],
        "evidence.support": 4,
        "evidence.contradict": chance.randint(0, 1),
        "evidence.sources": chance.randint(0, 4),
        "evidence.tier_a": chance.randint(0, 1),
        "evidence.tier_b": chance.randint(0, 1),
        "evidence.tier_c": 0,
    }
    return parts, tuple(chance.sample(_FLAGS, chance.choice((0, 0, 1, 2)))), facts


def _ours(stories: Sequence[Story]) -> list[tuple[float, str, int]]:
    """Total, outcome and number of explained rules of each story."""
    ready, shipped = scorer(scorecard.shipped("brand")), gate.shipped("intel")
    found: list[tuple[float, str, int]] = []
    for parts, flags, facts in stories:
        scored = ready.score(parts=parts, flags=flags, facts=facts)
        item = Item(
            id="i1",
            run="r1",
            type="intel",
            title="story",
            flags=flags,
            scores={**scored.parts, "total": scored.total},
            body={"band": scored.band, "facts": facts},
        )
        judgement = gate.judge(shipped, item)
        found.append((scored.total, judgement.outcome, len(judgement.explanation)))
    return found


class _Plain:
    """The same files, walked as dictionaries for each item."""

    def __init__(self) -> None:
        self.card = tomllib.loads(toml.shipped("scorecards", "brand"))
        self.gate = tomllib.loads(toml.shipped("gates", "intel"))

    def run(self, stories: Sequence[Story]) -> list[tuple[float, str, int]]:
        return [self._judge(*self._score(*story)) for story in stories]

    def _score(
        self, parts: Mapping[str, float], flags: Sequence[str], facts: Mapping[str, Any]
    ) -> tuple[float, dict[str, Any]]:
        values, why, notes = dict(parts), [], []
        for name, part in self.card["parts"].items():
            for rule in part["derive"] if name not in values else ():
                tested = [_holds(condition, {**facts, "flags": flags}) for condition in rule["all"]]
                why += [words for _, words in tested]
                if all(held for held, _ in tested):
                    values[name] = rule["points"]
                    break
        before = {**facts, "flags": flags, **{f"parts.{name}": value for name, value in values.items()}}
        for modifier in self.card["modifiers"]:
            for change in modifier["changes"] if modifier["flag"] in flags else ():
                tested = [_holds(condition, before) for condition in change.get("if", [])]
                amount = change["add"] if all(held for held, _ in tested) else change["otherwise"]
                values[change["part"]] = max(0, values[change["part"]] + amount)
                notes.append(f"{modifier['note']}: {change['part']} {amount}")
        total = 100 * sum(values.values()) / sum(part["maximum"] for part in self.card["parts"].values())
        return total, {**facts, "flags": flags, "total": total, **{f"parts.{n}": v for n, v in values.items()}}

    def _judge(self, total: float, values: Mapping[str, Any]) -> tuple[float, str, int]:
        explanation = []
        for number, rule in enumerate(self.gate["rules"], start=1):
            every = [_holds(condition, values) for condition in rule.get("all", [])]
            some = [_holds(condition, values) for condition in rule.get("any", [])]
            told = "; ".join(("passed: " if held else "failed: ") + words for held, words in every + some)
            explanation.append(f"rule {number}, {rule['name']} ({rule['outcome']}): {told}")
            if all(held for held, _ in every) and (not some or any(held for held, _ in some)):
                return total, rule["outcome"], len(explanation)
        return total, self.gate["default"], len(explanation) + 1


def _holds(condition: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[bool, str]:
    field, held, words = condition["field"], True, []
    for name, limit in condition.items():
        if name != "field":
            value = values[field]
            value = len(value) if isinstance(value, tuple) and name in ("at_least", "at_most") else value
            passed = _compare(name, value, limit)
            held = held and passed
            words.append(f"{field} {value} is {'' if passed else 'not '}{name} {limit}")
    return held, "; ".join(words)


def _compare(name: str, value: Any, limit: Any) -> bool:
    if name == "at_least":
        return value >= limit
    if name == "at_most":
        return value <= limit
    if name == "above":
        return value > limit
    return value < limit if name == "below" else bool(set(value) & set(limit))
