"""Two runs over stories beside each other: what is new, gone or judged otherwise, and what they were scored by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from tablemend.intel.run import IntelRun
from tablemend.records import Item, Record


class Difference(Record, frozen=True, kw_only=True):
    """One story in both runs."""

    id: str
    title: tuple[str, str]  # before and after
    band: tuple[str, str]  # empty below every band
    outcome: tuple[str, str]
    total: tuple[float, float]
    decision: tuple[str, str]  # as each run left it

    @property
    def moved(self) -> bool:
        """Whether band or outcome changed."""
        return self.band[0] != self.band[1] or self.outcome[0] != self.outcome[1]

    @property
    def retitled(self) -> bool:
        """Whether the title changed."""
        return self.title[0] != self.title[1]

    @property
    def redecided(self) -> bool:
        """Whether the later run left another decision than the earlier."""
        return self.decision[0] != self.decision[1]

    @property
    def same(self) -> bool:
        """Whether nothing of it differs."""
        return not (self.moved or self.retitled or self.redecided or self.total[0] != self.total[1])


class Setting(Record, frozen=True, kw_only=True):
    """A key of scorecard, policy or gate that differs."""

    key: str  # "scorecard.parts.impact.maximum"
    before: Any  # None where the key was not there
    after: Any


class Comparison(Record, frozen=True, kw_only=True):
    """What differs between two runs; new, gone, changed and same add up to the stories of both."""

    before: str
    after: str
    new: tuple[Item, ...]
    gone: tuple[Item, ...]
    changed: tuple[Difference, ...]  # title, band, outcome, total or decision differs
    same: int
    settings: tuple[Setting, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "before": self.before,
            "after": self.after,
            "new": [_brief(each) for each in self.new],
            "gone": [_brief(each) for each in self.gone],
            "changed": [_flagged(each) for each in self.changed],
            "same": self.same,
            "settings": [{"key": each.key, "before": each.before, "after": each.after} for each in self.settings],
        }


def _flagged(each: Difference) -> dict[str, Any]:
    told = {"moved": each.moved, "retitled": each.retitled, "redecided": each.redecided}
    built: dict[str, Any] = msgspec.to_builtins(each)
    return built | told


def _brief(item: Item) -> dict[str, Any]:
    return {"id": item.id, "title": item.title, "band": item.body["band"], "total": item.scores["total"]}


def compare(before: IntelRun, after: IntelRun) -> Comparison:
    """What differs between two runs, as each of them saw its stories."""
    old, new = ({each.id: each for each in run.items} for run in (before, after))
    left = before.left, after.left
    both = [_difference(old[name], item, left) for name, item in new.items() if name in old]
    changed = [each for each in both if not each.same]
    return Comparison(
        before=before.run,
        after=after.run,
        new=tuple(item for name, item in new.items() if name not in old),
        gone=tuple(item for name, item in old.items() if name not in new),
        changed=tuple(sorted(changed, key=lambda each: (not each.moved, -abs(each.total[1] - each.total[0]), each.id))),
        same=len(both) - len(changed),
        settings=tuple(_settings(before, after)),
    )


def _difference(before: Item, after: Item, left: tuple[Mapping[str, str], Mapping[str, str]]) -> Difference:
    return Difference(
        id=after.id,
        title=(before.title, after.title),
        band=(before.body["band"], after.body["band"]),
        outcome=(before.body["outcome"], after.body["outcome"]),
        total=(before.scores["total"], after.scores["total"]),
        decision=(left[0][before.id], left[1][after.id]),
    )


def _settings(before: IntelRun, after: IntelRun) -> Iterator[Setting]:
    old, new = (dict(_flat(run)) for run in (before, after))
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            yield Setting(key=key, before=old.get(key), after=new.get(key))


def _flat(run: IntelRun) -> Iterator[tuple[str, Any]]:
    yield from _leaves("scorecard", msgspec.to_builtins(run.terms.scorecard))
    yield from _leaves("gate", msgspec.to_builtins(run.terms.gate))


def _leaves(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Every plain value with its key; members of lists are numbered from 1, and named ones go by their name."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(f"{key}.{name}", inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        if all(isinstance(each, str | int | float) for each in value):
            yield key, list(value)
            return
        for number, inner in enumerate(value, start=1):
            name = inner.get("name") if isinstance(inner, Mapping) else None
            yield from _leaves(f"{key}.{name or number}", inner)
    else:
        yield key, value
