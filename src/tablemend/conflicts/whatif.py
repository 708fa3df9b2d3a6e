"""What another speed, road factor, tolerance or ruleset would change: the same rows judged twice, nothing written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from msgspec import structs

from tablemend.conflicts import ruleset, words
from tablemend.conflicts.assembling import KEY
from tablemend.conflicts.fetching import Source
from tablemend.conflicts.finding import find
from tablemend.conflicts.originals import ORIGINAL
from tablemend.conflicts.ruleset import Ruleset, Speed
from tablemend.errors import SettingsError
from tablemend.records import Record
from tablemend.review import toml

if TYPE_CHECKING:
    import pyarrow as pa

    from tablemend.databases.bulk.wire import Table
    from tablemend.databases.database import Database
    from tablemend.databases.partitions import Partition
    from tablemend.engine.duckdb import Session

BEFORE, AFTER = "found_before", "found_after"
"""Names of the relations that are compared."""

What = Literal["appears", "vanishes", "other rule"]


class Shift(Record, frozen=True, kw_only=True):
    """Conflicts of one rule."""

    before: int = 0
    after: int = 0
    appear: int = 0  # of which it holds only afterwards
    vanish: int = 0  # of which it held only before


class Example(Record, frozen=True, kw_only=True):
    """A conflict that would be another."""

    conflict: str
    what: What
    id_a: str
    id_b: str
    before: str  # flags, empty where there is no conflict
    after: str
    told: tuple[str, ...]  # in sentences, as it would be; of one that vanishes, as it was


class WhatIf(Record, frozen=True, kw_only=True):
    """How many conflicts would appear and vanish.

    `same`, `turned` and `vanish` add up to those there are now, `same`, `turned` and `appear` to those there would be.
    """

    ruleset: str
    rows: int
    appear: int
    vanish: int
    same: int  # for which the same rules hold
    turned: int  # for which other rules hold
    by_flag: dict[str, Shift]
    examples: tuple[Example, ...]

    @property
    def before(self) -> int:
        """Conflicts as the rules are."""
        return self.same + self.turned + self.vanish

    @property
    def after(self) -> int:
        """Conflicts as the rules would be."""
        return self.same + self.turned + self.appear


def altered(
    rules: Ruleset,
    *,
    road_factor: float | None = None,
    speeds: Sequence[tuple[float, float]] = (),
    tolerance: float | None = None,
    original: bool = False,
) -> Ruleset:
    """A ruleset with other choices; `speeds` are bounds in miles and miles an hour.

    Raises SettingsError for choices that cannot be used, or that the ruleset has no use for.
    """
    if original:
        rules = structs.replace(rules, options=ORIGINAL)
    if tolerance is not None:
        rules = structs.replace(rules, options=structs.replace(rules.options, tolerance=tolerance))
    if road_factor is not None or speeds:
        rules = structs.replace(rules, travel=_travel(rules, road_factor, speeds))
    toml.require(ruleset.problems(rules), f"the ruleset {rules.name}", ruleset.HINT)
    return rules


def speeds_of(text: str) -> tuple[tuple[float, float], ...]:
    """Speeds written as bounds in miles = miles an hour, like `2=2,5=6`; SettingsError where they are none."""
    try:
        pairs = [each.split("=") for each in text.split(",") if each.strip()]
        return tuple((float(to), float(mph)) for to, mph in pairs)
    except ValueError as problem:
        raise SettingsError(f"{text!r} are no speeds", hint="Write miles=miles an hour, like 2=2,5=6.") from problem


def _travel(rules: Ruleset, road_factor: float | None, speeds: Sequence[tuple[float, float]]) -> ruleset.Travel:
    if rules.travel is None:
        hint = "Leave the road factor and the speeds out, or write [travel]."
        raise SettingsError(f"the ruleset {rules.name} judges no ways", hint=hint)
    chosen = rules.travel
    if road_factor is not None:
        chosen = structs.replace(chosen, road_factor=road_factor)
    if speeds:
        chosen = structs.replace(chosen, speeds=tuple(Speed(to=to, mph=mph) for to, mph in speeds))
    return chosen


class Both(Source):
    """Rows that two rulesets look at, read once."""

    def __init__(
        self, database: Database, table: Table, before: Ruleset, after: Ruleset, *, secret: bytes, today: date
    ) -> None:
        """UnreadableSource for columns that are missing, SettingsError for rulesets of different ids or entities."""
        for key in ("id", "entity"):
            one, other = getattr(before, key), getattr(after, key)
            if one != other:
                raise SettingsError(
                    f"the {key} of the one ruleset is {one}, and {other} of the other",
                    hint="Compare rulesets over the same rows.",
                )
        super().__init__(database, table, before, secret=secret, today=today)
        self._after = Source(database, table, after, secret=secret, today=today)
        self.columns = tuple(dict.fromkeys((*self.columns, *self._after.columns)))
        conditions = (self.condition, self._after.condition)
        if len(set(conditions)) > 1:  # what either of them leaves in
            self.condition = f"({') OR ('.join(conditions)})" if all(conditions) else ""

    def both_periods(self, part: Partition) -> tuple[pa.Table | None, pa.Table | None]:
        """The periods of the entities of a partition, for each ruleset."""
        one = self.periods(part)
        same = one is not None and self.rules.periods == self._after.rules.periods and self._after.rules.of_periods
        return one, one if same else self._after.periods(part)


class Comparison:
    """Two rulesets, and what becomes of conflicts from the one to the other."""

    def __init__(self, before: Ruleset, after: Ruleset, *, today: date, examples: int) -> None:
        """`examples` is the most conflicts that are told of each kind of change."""
        self._rules = before, structs.replace(after, name=before.name)  # keys hold the name
        self._today, self._limit = today, examples
        self._rows = 0
        self._counts: dict[tuple[str, str], int] = {}
        self._examples: dict[str, list[Example]] = {"appears": [], "vanishes": [], "other rule": []}

    def add(self, session: Session, rows: pa.Table, periods: tuple[pa.Table | None, pa.Table | None]) -> None:
        """Judge some rows, all of each of their entities, by both rulesets."""
        for relation, rules, beside in zip((BEFORE, AFTER), self._rules, periods, strict=True):
            session.register(relation, find(session, rules, rows, today=self._today, periods=beside).conflicts)
        self._rows += rows.num_rows
        for before, after, number in session.rows(_COUNTS):
            self._counts[before, after] = self._counts.get((before, after), 0) + number
        for what, known in self._examples.items():
            known.extend(self._told(session, what))
            known.sort(key=lambda each: each.conflict)
            del known[self._limit :]
        for relation in (BEFORE, AFTER):
            session.unregister(relation)

    def _told(self, session: Session, what: str) -> list[Example]:
        """The first of what changes so; keys are hashes, so that they are no better than others."""
        vanishes = what == "vanishes"
        rules, relation = (self._rules[0], BEFORE) if vanishes else (self._rules[1], AFTER)
        found = session.arrow(_EXAMPLES.format(what=what, relation=relation, limit=self._limit)).to_pylist()
        return [_example(rules, what, each) for each in found]

    def result(self) -> WhatIf:
        """What was counted."""
        totals = dict.fromkeys(("appear", "vanish", "same", "turned"), 0)
        shifts: dict[str, Shift] = {each.flag: Shift() for rules in self._rules for each in rules.active}
        for (before, after), number in self._counts.items():
            totals[_kind(before, after)] += number
            for flag in dict.fromkeys((*before.split(), *after.split())):
                shifts[flag] = _shifted(shifts[flag], flag in before.split(), flag in after.split(), number)
        return WhatIf(
            ruleset=self._rules[0].name,
            rows=self._rows,
            by_flag=shifts,
            examples=tuple(each for kind in self._examples.values() for each in kind),
            **totals,
        )


def _kind(before: str, after: str) -> str:
    if before and after:
        return "same" if before == after else "turned"
    return "vanish" if before else "appear"


def _shifted(shift: Shift, before: bool, after: bool, number: int) -> Shift:
    return Shift(
        before=shift.before + before * number,
        after=shift.after + after * number,
        appear=shift.appear + (after and not before) * number,
        vanish=shift.vanish + (before and not after) * number,
    )


def _example(rules: Ruleset, what: Any, found: dict[str, Any]) -> Example:
    return Example(
        conflict=found[KEY],
        what=what,
        id_a=found["id_a"],
        id_b=found["id_b"],
        before=found["flags_before"],
        after=found["flags_after"],
        told=words.explained(rules, found),
    )


_COMPARED = f"""
SELECT coalesce(b.{KEY}, a.{KEY}) AS {KEY}, coalesce(b.flags, '') AS flags_before, coalesce(a.flags, '') AS flags_after
FROM {BEFORE} AS b FULL JOIN {AFTER} AS a ON b.{KEY} = a.{KEY}"""
_COUNTS = f"SELECT flags_before, flags_after, count(*) FROM ({_COMPARED}) GROUP BY ALL ORDER BY ALL"
_EXAMPLES = f"""
WITH compared AS ({_COMPARED}),
told AS (
  SELECT *,
    CASE WHEN flags_before = '' THEN 'appears' WHEN flags_after = '' THEN 'vanishes' ELSE 'other rule' END AS what
  FROM compared WHERE flags_before <> flags_after)
SELECT told.*, r.* EXCLUDE ({KEY}) FROM told JOIN {{relation}} AS r ON r.{KEY} = told.{KEY}
WHERE what = '{{what}}' ORDER BY told.{KEY} LIMIT {{limit}}"""
