"""Why two rows are no conflict: the first of the conditions of a pair that they do not meet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import structs

from tablemend.conflicts import preparing, words
from tablemend.conflicts.finding import find
from tablemend.conflicts.judging import shown
from tablemend.conflicts.ruleset import Rule, Ruleset
from tablemend.engine.sql import literal
from tablemend.engine.sql import name as quoted

if TYPE_CHECKING:
    import pyarrow as pa

    from tablemend.conflicts.fetching import Source
    from tablemend.engine.duckdb import Session

AT_ONCE = 500
"""Ids in one statement: below what any database takes."""

PAIRS, ROWS, FOUND = "asked_pairs", "asked_rows", "asked_found"
"""Names of the relations that the statement reads."""

NOW = "a conflict by now"
"""Reason of a pair of which a rule holds: the rows have changed since the newest run, or it has not read them."""


class Reason(NamedTuple):
    """Why a pair is no conflict, and its rows in sentences as far as they are there."""

    text: str
    told: tuple[str, ...]


def fetch(source: Source, ids: Sequence[str]) -> pa.Table:
    """The rows with these ids, whatever their status and date; their entities are hashes."""
    import pyarrow as pa

    values = [*_values(source.schema.field(source.rules.id).type, ids)]
    parts = [source.chosen(source.rules.id, some) for some in _cut(values)]
    return pa.concat_tables(parts)


def _cut(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for at in range(0, max(1, len(values)), AT_ONCE):
        yield values[at : at + AT_ONCE]


def _values(kind: pa.DataType, ids: Sequence[str]) -> Iterator[Any]:
    """Ids as the column holds them; a text that is no number is in no column of numbers."""
    import pyarrow.types as kinds

    for each in dict.fromkeys(ids):
        if not kinds.is_integer(kind):
            yield each
        elif each.removeprefix("-").isdecimal():
            yield int(each)


def reasons(
    session: Session, rules: Ruleset, rows: pa.Table, pairs: Sequence[tuple[str, str]], *, today: date
) -> list[Reason]:
    """Why each pair of ids is no conflict by the rules of two rows, in the order of the pairs."""
    import pyarrow as pa

    only = structs.replace(rules, rules=tuple(each for each in rules.rules if each.test != "period"))
    found = find(session, only, rows, today=today).conflicts
    session.register("asked_source", rows)
    try:
        ready = session.arrow(preparing.prepared(only, "asked_source", rows.schema, today=today))
    finally:
        session.unregister("asked_source")
    asked = pa.table({"n": [*range(len(pairs))], "one": [a for a, _ in pairs], "other": [b for _, b in pairs]})
    relations = {PAIRS: asked, ROWS: ready, FOUND: found.select(["id_a", "id_b"])}
    for name, each in relations.items():
        session.register(name, each)
    try:
        told = session.arrow(query(only)).to_pylist()
    finally:
        for name in relations:
            session.unregister(name)
    return [Reason(each["reason"], tuple(_sentences(only, each))) for each in told]


def query(rules: Ruleset) -> str:
    """The SELECT that tells of each pair of `asked_pairs` why it is no conflict."""
    whens = "\n    ".join(f"WHEN {condition} THEN {reason}" for condition, reason in _steps(rules))
    (a_start, a_end), (b_start, b_end) = (shown(rules, _of(row)) for row in ("a", "b"))
    return f"""
WITH sided AS (
  SELECT p.n AS asked, p.one AS id_a, p.other AS id_b, {_both(rules)}, {a_start} AS start_a, {a_end} AS end_a,
    {b_start} AS start_b, {b_end} AS end_b, a.differ AS differ_a, b.differ AS differ_b,
    a.id IS NOT NULL AS there_a, b.id IS NOT NULL AS there_b, f.id_a IS NOT NULL AS found
  FROM {PAIRS} AS p LEFT JOIN {ROWS} AS a ON a.id = p.one LEFT JOIN {ROWS} AS b ON b.id = p.other
    LEFT JOIN {FOUND} AS f ON f.id_a = p.one AND f.id_b = p.other
  QUALIFY row_number() OVER (PARTITION BY p.n) = 1)
SELECT *, CASE
    {whens}
    ELSE 'no time in common' END AS reason
FROM sided ORDER BY asked"""


def _of(row: str) -> Any:
    return lambda name: f"{row}.{quoted(name)}"


def _both(rules: Ruleset) -> str:
    """What the steps look at, of each of the two rows."""
    names = ["entity", "scope", "status", "left_out", *_looked_at(rules)]
    return ", ".join(f"{row}.{quoted(name)} AS {quoted(f'{row}_{name}')}" for row in ("a", "b") for name in names)


def _looked_at(rules: Ruleset) -> Iterator[str]:
    for name in rules.intervals:
        yield from (f"{name}_{what}" for what in ("complete", "half", "backwards", "unreadable"))
    yield from (f"is_{name}" for name in rules.states)
    if rules.travel is not None:
        yield from ("postcode", "leave_from", "arrive_from")


def _steps(rules: Ruleset) -> Iterator[tuple[str, str]]:
    """Conditions in the order in which a pair is judged → what is told where the first of them is met, as SQL."""
    yield "NOT there_a OR NOT there_b", "'not in the source'"
    yield "found", literal(NOW)
    for row in ("a", "b"):
        name = literal(f"{rules.exclude.column} ")
        yield f"{row}_left_out = 'status'", f"{name} || lower(trim({row}_status))"
        yield f"{row}_left_out IS NOT NULL", f"{row}_left_out"
    yield "a_entity <> b_entity", literal(f"another {rules.entity}")
    if rules.differ:
        yield "differ_a = differ_b", literal(f"the same {rules.differ}")
    days = "abs(a_scope - b_scope)"
    yield f"{days} > {1 if rules.options.across_midnight else 0}", "'another date'"
    for what, text in (
        ("half", "recorded at one end only"),
        ("backwards", "ends before it begins"),
        ("unreadable", "a time that is none"),
    ):
        either = " OR ".join(quoted(f"{row}_{name}_{what}") for row in ("a", "b") for name in rules.intervals)
        yield f"({_unruled(rules, 'a')} OR {_unruled(rules, 'b')}) AND ({either})", literal(text)
    yield f"{_unruled(rules, 'a')} OR {_unruled(rules, 'b')}", "'no rule can judge it'"
    overlap = "start_a < end_b AND end_a > start_b"
    yield f"{overlap} AND a_scope <> b_scope", "'another date'"
    if rules.options.tolerance:
        yield overlap, "'time in common within the tolerance'"
    yield overlap, "'no rule looks at both'"
    for rule in rules.of_pairs:
        if rule.test == "travel":
            yield from _ways(rule)


def _unruled(rules: Ruleset, row: str) -> str:
    """Whether no rule can hold of a row, whatever the other."""
    sides = dict.fromkeys(side for rule in rules.of_pairs for side in rule.sides)
    can = [
        f"({quoted(f'{row}_{side.interval}_complete')}{f' AND {row}_is_{side.state}' if side.state else ''})"
        for side in sides
    ]
    return f"NOT ({' OR '.join(can) or 'FALSE'})"


def _ways(rule: Rule) -> Iterator[tuple[str, str]]:
    """Of two rows that follow each other, both such that a rule of travel looks at them."""
    done = " AND ".join(f"{row}_is_{rule.one.state}" for row in ("a", "b")) if rule.one.state else "TRUE"
    yield f"{done} AND a_postcode = b_postcode", "'no time in common, and the same postcode'"
    known = (
        "CASE WHEN end_a <= start_b THEN a_leave_from IS NOT NULL AND b_arrive_from IS NOT NULL "
        "ELSE b_leave_from IS NOT NULL AND a_arrive_from IS NOT NULL END"
    )
    yield f"{done} AND {known}", "'no time in common, and time enough for the way'"
    yield done, "'no time in common, and the way is unknown'"


def _sentences(rules: Ruleset, pair: dict[str, Any]) -> Iterator[str]:
    for side in ("a", "b"):
        if pair[f"there_{side}"]:
            yield words.row(rules.row, pair, side)
