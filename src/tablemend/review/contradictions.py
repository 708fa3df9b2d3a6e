"""Conditions that no item can meet, alone or beside the others of their rule."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tablemend.review.comparators import figure
from tablemend.review.conditions import COMPARATORS, Condition, given
from tablemend.review.fields import PART, Field, field_of
from tablemend.review.lines import Path
from tablemend.review.toml import Problem

_Placed = tuple[Path, Condition]


def problems(
    every: Sequence[Condition],
    some: Sequence[Condition],
    path: Path,
    maxima: Mapping[str, float] | None = None,
    key: str = "all",
) -> Iterator[Problem]:
    """What of a rule at a path can never hold: of the conditions under `key`, and of each of its `any` beside them.

    `maxima` are those of the parts of a scorecard, where it is known.
    """
    placed = [((*path, key, place), each) for place, each in enumerate(every)]
    found = _contradiction(placed, maxima or {})
    if found is not None:
        yield found
        return
    for place, each in enumerate(some):
        found = _contradiction([*placed, ((*path, "any", place), each)], maxima or {})
        if found is not None:
            yield found


def _contradiction(placed: Iterable[_Placed], maxima: Mapping[str, float]) -> Problem | None:
    """The first comparator that leaves no value of its field."""
    rooms: dict[str, _Room] = {}
    for path, condition in placed:
        field = field_of(condition.field)
        used = given(condition)
        if field is None or not set(used) <= set(COMPARATORS[field.kind]):
            continue  # which is a problem of its own
        room = rooms.setdefault(field.name, _Room(field, maxima.get(field.name.removeprefix(PART), math.inf)))
        for name, value in used.items():
            room.narrow(name, value)
            if room.empty:
                return Problem(
                    path=(*path, name),
                    text=f"{field.name} {name} {_shown(value)} can never hold: {room.told()}",
                    hint="Mend or remove the condition.",
                )
    return None


class _Room:
    """The values of one field that are left by the comparators so far; of a set, how many members and which."""

    def __init__(self, field: Field, maximum: float) -> None:
        self._field = field
        self._most = min(field.most, maximum)
        self._low, self._high = (0.0, True), (self._most, True)  # bound, and whether it belongs to what is left
        self._among: set[Any] | None = None
        self._without: set[str] = set()
        self._wanted: list[set[str]] = []  # of each list, one member must be there
        self._said: list[str] = []

    def narrow(self, name: str, value: Any) -> None:
        """Take a comparator into account."""
        self._said.append(f"{name} {_shown(value)}")
        values = set(value) if isinstance(value, tuple) else {value}
        if name in ("at_least", "above"):
            self._low = max(self._low, (value, name == "at_least"), key=lambda bound: (bound[0], not bound[1]))
        elif name in ("at_most", "below"):
            self._high = min(self._high, (value, name == "at_most"), key=lambda bound: (bound[0], bound[1]))
        elif name == "is":
            self._among = values if self._among is None else self._among & values
        elif name == "none_of":
            self._without |= values
        else:
            self._wanted.append(values)
            self.narrow_to_one()

    def narrow_to_one(self) -> None:
        """A set that holds one of several has a member."""
        self._low = max(self._low, (1.0, True))

    @property
    def empty(self) -> bool:
        """Whether nothing is left."""
        if self._field.kind != "text" and not self._between():
            return True
        if any(each <= self._without for each in self._wanted):
            return True
        return self._among is not None and not any(self._fits(each) for each in self._among)

    def _between(self) -> bool:
        return self._low[0] < self._high[0] or (self._low[0] == self._high[0] and self._low[1] and self._high[1])

    def _fits(self, value: Any) -> bool:
        if self._field.kind == "text" or isinstance(value, str):
            return value not in self._without
        above = value > self._low[0] or (value == self._low[0] and self._low[1])
        below = value < self._high[0] or (value == self._high[0] and self._high[1])
        return above and below

    def told(self) -> str:
        """What leaves nothing, in words."""
        if others := self._said[:-1]:
            return f"it is also asked for {', '.join(others)}"
        name = f"the number of {self._field.name}" if self._field.kind == "set" else self._field.name
        return f"{name} " + (
            f"goes from 0 to {figure(self._most)}" if math.isfinite(self._most) else "is never below 0"
        )


def _shown(value: Any) -> str:
    values = value if isinstance(value, tuple) else (value,)
    return ", ".join(each if isinstance(each, str) else figure(each) for each in values)
