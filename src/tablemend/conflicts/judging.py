"""Which rules hold of a pair, and why, in one statement over all pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tablemend.conflicts import travel
from tablemend.conflicts.pairing import pairs
from tablemend.conflicts.ruleset import Rule, Ruleset, Side, Travel
from tablemend.engine.sql import name as quoted

if TYPE_CHECKING:
    import pyarrow as pa

    from tablemend.engine.duckdb import Session

PAIRS = "pairs"
"""Name of the relation that the statement reads."""

FAR = "too_far"
"""Column of whether the way from one row to the other takes too long."""


def judged(session: Session, rules: Ruleset, table: pa.Table) -> pa.Table:
    """Every pair of a prepared table of which a rule holds, with its reason.

    Columns: `one` and `other`, the places of both rows; `flags`, a bit for each active rule from the lowest;
    `overlap_minutes`; with travel `gap_minutes`, `miles`, `mph`, `travel_minutes`, `leave_from`, `arrive_from` and
    `one_first`, where the way counted; with money `amount` and `class`.
    """
    import pyarrow as pa

    return pa.concat_tables(blocks(session, rules, table))


def blocks(session: Session, rules: Ruleset, table: pa.Table) -> Iterator[pa.Table]:
    """The same in pieces, one at least: an entity under which many stand makes more pairs than memory may hold."""
    statement, needed, told = query(rules), columns(rules), 0
    for told, (one, other) in enumerate(pairs(rules, table), start=1):  # noqa: B007
        yield _asked(session, statement, _side_by_side(table, needed, one, other))
    if not told:
        yield _asked(session, statement, _side_by_side(table, needed, [], []))


def _asked(session: Session, statement: str, wide: pa.Table) -> pa.Table:
    session.register(PAIRS, wide)
    try:
        return session.arrow(statement)
    finally:
        session.unregister(PAIRS)


def flags(rules: Ruleset, bits: int) -> tuple[str, ...]:
    """The flags of the rules that hold."""
    return tuple(each.flag for place, each in enumerate(rules.active) if bits >> place & 1)


def columns(rules: Ruleset) -> list[str]:
    """The columns of a prepared table that rules look at."""
    found = [f"{name}_{end}" for name in rules.intervals for end in ("start", "end")]
    found += [f"is_{name}" for name in rules.states]
    if rules.travel is not None:
        found += [f"{end}_{what}" for end in ("leave", "arrive") for what in ("latitude", "longitude", "from")]
        found.append("postcode")
    if rules.money is not None:
        found += ["rate_per_minute", "rate_per_visit", "billed"]
    return found


def _side_by_side(table: pa.Table, needed: list[str], one: object, other: object) -> pa.Table:
    import pyarrow as pa

    chosen = table.select(needed)
    sides = {"a": pa.array(one, pa.int64()), "b": pa.array(other, pa.int64())}
    found = {"one": sides["a"], "other": sides["b"]}
    for side, places in sides.items():
        taken = chosen.take(places)
        found |= {f"{side}_{name}": taken[name] for name in needed}
    return pa.table(found)


def query(rules: Ruleset) -> str:
    """The SELECT that judges the relation `pairs`, whose columns are those of both rows, as `a_NAME` and `b_NAME`."""
    way = next((each for each in rules.active if each.test == "travel"), None)
    bits = " +\n    ".join(
        f"CASE WHEN {FAR if each is way else holds(rules, each)} THEN {1 << rules.active.index(each)} ELSE 0 END"
        for each in rules.of_pairs
    )
    moved, told = ("", "")
    if rules.travel is not None and way is not None:
        moved, told = _travel_steps(rules, rules.travel, way)
    return f"""
WITH {moved}told AS (
  SELECT one, other,
    {bits or "0"} AS flags,
    {_minutes(*_shared(rules))} AS overlap_minutes{told}{_costs(rules)}
  FROM {"decided" if moved else PAIRS})
SELECT * {_amount(rules)} FROM told WHERE flags > 0"""


def holds(rules: Ruleset, rule: Rule) -> str:
    """The condition under which a rule holds, either way round."""
    if rule.test == "travel":
        return f"{_in_state('a', rule.one)} AND {_in_state('b', rule.one)} AND {_too_far(rules)}"
    one, other = rule.sides
    ways = [(one, other)] if one == other else [(one, other), (other, one)]
    return " OR ".join(f"({_meets(rules, rule, a, b)})" for a, b in ways)


def _meets(rules: Ruleset, rule: Rule, a: Side, b: Side) -> str:
    (a_start, a_end), (b_start, b_end) = _ends("a", a), _ends("b", b)
    same = f"({a_start} = {b_start} AND {a_end} = {b_end})"
    overlap = f"{a_start} < {b_end} AND {a_end} > {b_start}"
    test = same
    if rule.test == "overlap":
        long = _minutes(f"greatest({a_start}, {b_start})", f"least({a_end}, {b_end})")
        enough = f" AND {long} > {rules.options.tolerance!r}" if rules.options.tolerance else ""
        test = f"{overlap} AND NOT {same}{enough}"
    return f"coalesce({_in_state('a', a)} AND {_in_state('b', b)} AND {test}, FALSE)"


def _in_state(row: str, side: Side) -> str:
    return f"{row}_is_{side.state}" if side.state else "TRUE"


def _ends(row: str, side: Side) -> tuple[str, str]:
    return quoted(f"{row}_{side.interval}_start"), quoted(f"{row}_{side.interval}_end")


def _minutes(start: str, end: str) -> str:
    return f"(epoch_us({end}) - epoch_us({start})) / 6e7"


def _shared(rules: Ruleset) -> tuple[str, str]:
    """Beginning and end of what both rows have in common, of the interval that is shown of each."""
    (a_start, a_end), (b_start, b_end) = (shown(rules, _beside(row)) for row in ("a", "b"))
    start, end = f"greatest({a_start}, {b_start})", f"least({a_end}, {b_end})"
    return start, f"greatest({start}, {end})"


def shown(rules: Ruleset, named: Callable[[str], str]) -> tuple[str, str]:
    """SQL of the interval that is shown of a row: the last that is complete, such as the actual before the planned."""
    starts, ends = (", ".join(named(f"{each}_{end}") for each in reversed(rules.intervals)) for end in ("start", "end"))
    return f"coalesce({starts})", f"coalesce({ends})"


def _beside(row: str) -> Callable[[str], str]:
    """How a column of one of the two rows is called in `pairs`."""
    return lambda name: quoted(f"{row}_{name}")


def _costs(rules: Ruleset) -> str:
    """What a minute of each row costs; a rate by the visit is spread over the time that is shown."""
    if rules.money is None:
        return ""
    found = []
    for row in ("a", "b"):
        minutes = _minutes(*shown(rules, _beside(row)))
        found.append(f"coalesce({row}_rate_per_minute, {row}_rate_per_visit / nullif({minutes}, 0)) AS {row}_cost")
    return f",\n    {', '.join(found)}, a_billed AND b_billed AS both_billed"


def _amount(rules: Ruleset) -> str:
    """What is paid twice: the common minutes at the lower of the known rates, since it is open which row is false.

    Both billed: to be recovered. Else it can be avoided, by not billing the other.
    """
    if rules.money is None:
        return ""
    lower = "CASE WHEN a_cost <= b_cost OR b_cost IS NULL THEN a_cost ELSE b_cost END"
    return (
        f"EXCLUDE (a_cost, b_cost, both_billed), round(overlap_minutes * {lower}, 2) AS amount, "
        "CASE WHEN both_billed THEN 'recovery' ELSE 'avoidance' END AS class"
    )


def _travel_steps(rules: Ruleset, way: Travel, rule: Rule) -> tuple[str, str]:
    """Steps that work out the way from the earlier row to the later one, and what is told of it where it is too far."""
    (a_start, a_end), (b_start, b_end) = _ends("a", rule.one), _ends("b", rule.one)

    def along(end: str, what: str) -> str:
        one, other = ("a", "b") if end == "leave" else ("b", "a")
        return f"CASE WHEN a_first THEN {one}_{end}_{what} WHEN b_first THEN {other}_{end}_{what} END"

    places = ", ".join(
        f"radians({along(end, axis)}) AS {end}_{axis}"
        for end in ("leave", "arrive")
        for axis in ("latitude", "longitude")
    )
    steps = f"""ordered AS (
  SELECT *, coalesce({a_end} <= {b_start}, FALSE) AS a_first,
    coalesce({b_end} <= {a_start} AND NOT {a_end} <= {b_start}, FALSE) AS b_first
  FROM {PAIRS}),
placed AS (
  SELECT *, {places}, {along("leave", "from")} AS leave_from, {along("arrive", "from")} AS arrive_from,
    CASE WHEN a_first THEN {_minutes(a_end, b_start)} WHEN b_first THEN {_minutes(b_end, a_start)} END AS gap_minutes
  FROM ordered),
curved AS (SELECT *, {travel.HAVERSINE} AS half FROM placed),
measured AS (SELECT *, {travel.distance(way, "half")} AS miles FROM curved),
paced AS (SELECT *, {travel.speed(way, rules.options, "miles")} AS mph FROM measured),
timed AS (SELECT *, miles / mph * 60 AS travel_minutes FROM paced),
decided AS (SELECT *, coalesce({holds(rules, rule)}, FALSE) AS {FAR} FROM timed),
"""
    told = ("gap_minutes", "miles", "mph", "travel_minutes", "leave_from", "arrive_from", "a_first AS one_first")
    kept = (f"CASE WHEN {FAR} THEN {each.split()[0]} END AS {each.split()[-1]}" for each in told)
    return steps, f",\n    {', '.join(kept)}"


def _too_far(rules: Ruleset) -> str:
    postcodes = "(a_postcode IS DISTINCT FROM b_postcode OR a_postcode IS NULL)"
    gap = "gap_minutes >= 0" if rules.options.zero_gap else "gap_minutes > 0"
    spare = f" + {rules.options.tolerance!r}" if rules.options.tolerance else ""
    return f"{postcodes} AND coalesce({gap} AND travel_minutes > gap_minutes{spare}, FALSE)"
