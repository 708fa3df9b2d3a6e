"""Why two rows cannot both be true, in sentences."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from tablemend.conflicts.ruleset import Ruleset

POINTS = {"call_in": "the call at the beginning", "call_out": "the call at the end", "address": "the address"}
"""Names of points as people say them; others stand as they are."""


def explained(rules: Ruleset, conflict: Mapping[str, Any]) -> tuple[str, ...]:
    """A kept conflict in sentences: the two rows, each rule that holds, and what it rests on."""
    other = period_row(rules, conflict["flags"].split()) or rules.row
    return (row(rules.row, conflict, "a"), row(other, conflict, "b"), *grounds(rules, conflict))


def grounds(rules: Ruleset, conflict: Mapping[str, Any]) -> tuple[str, ...]:
    """Why two rows contradict each other: each rule that holds, and what it rests on."""
    told = [help_of(rules, flag) for flag in conflict["flags"].split()]
    if conflict["overlap_minutes"]:
        told.append(f"They have {minutes(conflict['overlap_minutes'])} in common.")
    if conflict["miles"] is not None:
        told += _way(conflict)
    if conflict["amount"]:
        taken = with_period(rules, conflict["flags"].split())
        billed = "has been billed" if taken else "has been billed for both"
        word = billed if conflict["class"] == "recovery" else "can still be avoided"
        told.append(f"{conflict['amount']:,.2f} is at stake; it {word}.")
    return tuple(told)


def help_of(rules: Ruleset, flag: str) -> str:
    """A flag in a sentence, or as it is where no rule has it."""
    rule = next((each for each in rules.rules if each.flag == flag), None)
    return flag if rule is None else rule.help or flag.replace("_", " ")


def with_period(rules: Ruleset, flags: Collection[str]) -> bool:
    """Whether the second side of a conflict with these flags is a period."""
    return any(rule.test == "period" and rule.flag in flags for rule in rules.rules)


def period_row(rules: Ruleset, flags: Collection[str]) -> str:
    """What the second side is called where it is a period."""
    return rules.periods.row if rules.periods is not None and with_period(rules, flags) else ""


def row(called: str, conflict: Mapping[str, Any], side: str) -> str:
    """One of the two rows in a sentence."""
    where = f" at {conflict[f'differ_{side}']}" if conflict[f"differ_{side}"] else ""
    times = f"from {_time(conflict[f'start_{side}'])} to {_time(conflict[f'end_{side}'])}"
    return f"{called[:1].upper()}{called[1:]} {conflict[f'id_{side}']}{where}, {times}."


def _time(moment: datetime | None) -> str:
    if moment is None:
        return "an unknown time"
    return moment.isoformat(" ", "seconds" if moment.second else "minutes")


def _way(conflict: Mapping[str, Any]) -> list[str]:
    first, second = ("a", "b") if conflict["first"] == "a" else ("b", "a")
    leave, arrive = (POINTS.get(conflict[key], conflict[key]) for key in ("leave_from", "arrive_from"))
    return [
        f"From {conflict[f'id_{first}']} ({leave}) to {conflict[f'id_{second}']} ({arrive}) it is "
        f"{conflict['miles']:g} miles by road.",
        f"At {conflict['mph']:g} miles an hour that takes {minutes(conflict['travel_minutes'])}; "
        f"there are {minutes(conflict['gap_minutes'])} between them.",
    ]


def minutes(number: float) -> str:
    """Minutes with at most one decimal."""
    shown = f"{number:.1f}".removesuffix(".0")
    return f"{shown} minute{'' if shown == '1' else 's'}"
