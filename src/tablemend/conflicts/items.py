"""Conflicts as items to decide on: claims, evidence, score, and what a gate makes of them."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from tablemend.conflicts import words
from tablemend.conflicts.assembling import KEY
from tablemend.conflicts.ruleset import Rule, Ruleset, Side
from tablemend.records import Claim, Evidence, Item, Record
from tablemend.review.gate import Gate, judge
from tablemend.review.scorecard import Scorecard
from tablemend.review.scoring import Scored, scorer

if TYPE_CHECKING:
    import pyarrow as pa

TYPE = "conflict"
"""Type of these items."""

SHARED, FALLBACK = "shared_key", "fallback_place"
"""Risk flags: rows of several stand under the key; the way rests on a point that stands in for the first one."""

DIGITS = 20
"""Of an id: as many as a conflict's key has."""

READ = (
    *(KEY, "entity", "id_a", "id_b", "differ_a", "differ_b", "scope_a", "scope_b"),
    *("start_a", "end_a", "start_b", "end_b", "flags", "overlap_minutes", "gap_minutes"),
    *("miles", "mph", "travel_minutes", "leave_from", "arrive_from", "first", "amount", "class"),
)
"""Columns of the table of conflicts that an item is made of."""


class Body(Record, frozen=True, kw_only=True):
    """What is known of a conflict beside its claims: the `body` of its item."""

    conflict: str  # its key in the table of conflicts
    ruleset: str
    target: str  # URL#table of the table of conflicts, without password
    entity: str  # as it is kept: a hash
    facts: dict[str, Any]  # what was measured, by the names that conditions ask for
    band: str
    notes: tuple[str, ...] = ()  # what the modifiers did
    derived: dict[str, str] = {}  # part → why it has its points
    outcome: str  # promote, monitor or block
    rule: str  # of the gate, that decided
    explanation: tuple[str, ...] = ()  # every condition that the gate tried


class Terms(Record, frozen=True, kw_only=True):
    """What the items of a run are made by; kept with the run."""

    target: str  # URL#table of the table of conflicts, without password
    source: str  # of the rows, likewise
    ruleset: str  # its name
    job: str = ""  # of the settings, where the run was started by its name
    plain: bool = False  # `target` is the whole address: it holds no secret
    scorecard: Scorecard
    gate: Gate


def item_id(target: str, ruleset: str, conflict: str) -> str:
    """The id under which a conflict is decided on: the same in every run into the same table."""
    return "c" + hashlib.sha256("\0".join((target, ruleset, conflict)).encode()).hexdigest()[:DIGITS]


def item_dict(item: Item) -> dict[str, Any]:
    """A conflict in brief, as JSON holds it."""
    return {
        "id": item.id,
        "key": item.body["conflict"],
        "title": item.title,
        "summary": item.summary,
        "rows": [{"id": each.value, "told": each.text, "source": each.source} for each in item.evidence],
        "rules": [each.id for each in item.claims],
        "total": item.scores["total"],
        "parts": {name: value for name, value in item.scores.items() if name != "total"},
        "band": item.body["band"],
        "flags": item.flags,
        "outcome": item.body["outcome"],
        "rule": item.body["rule"],
        "decision": item.decision,
        "decided_by": item.decided_by,
        "reason": item.reason,
        "version": item.version,
    }


def rows(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """The rows of a batch of the table of conflicts."""
    names = batch.schema.names
    for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
        yield dict(zip(names, values, strict=True))


def _all(table: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in table.to_batches(10_000):
        yield from rows(batch)


class Maker:
    """Makes the items of one run."""

    def __init__(self, rules: Ruleset, terms: Terms, *, run: str, today: date, shared: Collection[str] = ()) -> None:
        """`shared` are the entities under which rows of several stand; `today` is the day that ages are counted to."""
        self._rules, self._terms = rules, terms
        self._run, self._today, self._shared = run, today, frozenset(shared)
        self._scorer = scorer(terms.scorecard)
        certainty = terms.scorecard.parts.get("certainty")
        self._most = certainty.maximum if certainty else None
        self._meaning = cache(self._of_flags)
        self._row = rules.row.capitalize()

    def best(self, found: pa.Table, most: int) -> pa.Table:
        """Rows of the table of conflicts that score highest, at most so many; of equals those of the first keys."""
        if found.num_rows <= most:
            return found
        scores = ((-self._scored(each)[0].total, each[KEY], place) for place, each in enumerate(_all(found)))
        return found.take(sorted(place for *_, place in heapq.nsmallest(most, scores)))

    def items(self, found: Iterable[Mapping[str, Any]]) -> list[Item]:
        """An item for each row of the table of conflicts."""
        return [self._item(each) for each in found]

    def _item(self, conflict: Mapping[str, Any]) -> Item:
        meaning = self._meaning(conflict["flags"])
        scored, flags, facts = self._scored(conflict)
        body = self._body(conflict, facts, scored)
        made = Item(
            id=item_id(self._terms.target, self._rules.name, conflict[KEY]),
            run=self._run,
            type=TYPE,
            title=self._title(conflict, meaning),
            summary=" ".join(words.grounds(self._rules, conflict)),
            dataset=self._terms.target,
            content=conflict[KEY],  # a decision is about the two rows, whatever becomes known of them
            check=meaning.flags[0] if meaning.flags else "",
            dimension="consistency",
            confidence=scored.parts["certainty"] / self._most if self._most else 0.0,
            rows=2,
            flags=flags,
            scores={**scored.parts, "total": scored.total},
            claims=meaning.claims,
            evidence=self._evidence(conflict, meaning),
            body=body,
        )
        judgement = judge(self._terms.gate, made)
        body |= {"outcome": judgement.outcome, "rule": judgement.rule, "explanation": judgement.explanation}
        return made

    def _scored(self, conflict: Mapping[str, Any]) -> tuple[Scored, tuple[str, ...], dict[str, Any]]:
        """The score, the risk flags, and the facts that it comes from."""
        flags, facts = self._risks(conflict), self._facts(conflict, self._meaning(conflict["flags"]))
        return self._scorer.score(parts={}, flags=flags, facts=facts), flags, facts

    def _title(self, conflict: Mapping[str, Any], meaning: _Meaning) -> str:
        both = " and ".join(
            f"{conflict[f'id_{side}']} at {conflict[f'differ_{side}']}"
            if conflict[f"differ_{side}"]
            else conflict[f"id_{side}"]
            for side in ("a", "b")
        )
        return f"{self._row} {both}: {meaning.why}"

    def _body(self, conflict: Mapping[str, Any], facts: dict[str, Any], scored: Scored) -> dict[str, Any]:
        return {
            "conflict": conflict[KEY],
            "ruleset": self._rules.name,
            "target": self._terms.target,
            "entity": conflict["entity"],
            "facts": facts,
            "band": scored.band,
            "notes": scored.notes,
            "derived": scored.derived,
        }

    def _evidence(self, conflict: Mapping[str, Any], meaning: _Meaning) -> tuple[Evidence, ...]:
        """The two rows, as the source has them."""
        return tuple(
            Evidence(
                id=side,
                text=words.row(called, conflict, side),
                source=source,
                date=str(conflict[f"scope_{side}"] or ""),
                value=conflict[f"id_{side}"],
                claims=meaning.flags,
            )
            for side, called, source in (
                ("a", self._rules.row, self._terms.source),
                ("b", meaning.period or self._rules.row, self._beside if meaning.period else self._terms.source),
            )
        )

    def _risks(self, conflict: Mapping[str, Any]) -> tuple[str, ...]:
        found = [SHARED] if conflict["entity"] in self._shared else []
        travel = self._rules.travel
        if travel is not None and conflict["leave_from"]:
            first = conflict["leave_from"] == travel.leaves[0] and conflict["arrive_from"] == travel.arrives[0]
            found += [] if first else [FALLBACK]
        return tuple(found)

    def _facts(self, conflict: Mapping[str, Any], meaning: _Meaning) -> dict[str, Any]:
        """What is measured of a conflict; what is not known is not among it."""
        facts: dict[str, Any] = {
            "evidence.support": 2,
            "tests": meaning.tests,
            "recorded": meaning.recorded,
            "minutes": conflict["overlap_minutes"] or 0.0,
        }
        if conflict["amount"] is not None:
            facts["amount"] = conflict["amount"]
        if not facts["minutes"] and conflict["travel_minutes"] is not None and conflict["gap_minutes"] is not None:
            facts["minutes"] = round(max(0.0, conflict["travel_minutes"] - conflict["gap_minutes"]), 2)
        days = [each for each in (conflict["scope_a"], conflict["scope_b"]) if each is not None]
        if days:
            facts["days_past"] = max(0, (self._today - max(days)).days)
        return facts

    def _of_flags(self, text: str) -> _Meaning:
        flags = tuple(text.split())
        rules = [self._by_flag[each] for each in flags if each in self._by_flag]
        claims = tuple(Claim(id=each, text=words.help_of(self._rules, each)) for each in flags)
        return _Meaning(
            flags=flags,
            claims=claims,
            why=claims[0].text if claims else "",
            period=words.period_row(self._rules, flags),
            tests=tuple(dict.fromkeys(rule.test for rule in rules)),
            recorded=max((sum(self._is_recorded(side) for side in rule.sides) for rule in rules), default=0),
        )

    @cached_property
    def _beside(self) -> str:
        """Where periods stand: in the database of the rows."""
        periods = self._rules.periods
        table = "" if periods is None else ".".join(each for each in (periods.schema, periods.table) if each)
        return f"{self._terms.source.rpartition('#')[0]}#{table}"

    def _is_recorded(self, side: Side) -> bool:
        """Whether the state in which a rule looks at a row lacks nothing: it is more than a plan."""
        return not (side.state and self._rules.states[side.state].missing)

    @cached_property
    def _by_flag(self) -> dict[str, Rule]:
        return {rule.flag: rule for rule in self._rules.rules}


class _Meaning(Record, frozen=True, kw_only=True):
    """What the rules that hold of a conflict say."""

    flags: tuple[str, ...]  # of the rules
    claims: tuple[Claim, ...]
    why: str  # the first claim
    period: str  # what the second row is called where it is a period
    tests: tuple[str, ...]
    recorded: int
