"""Rows of an entity at times at which it was taken: trainings, leaves, maintenance, which are periods of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tablemend.conflicts.assembling import ROWS, kept
from tablemend.conflicts.judging import shown
from tablemend.conflicts.ruleset import Periods, Rule, Ruleset, Side
from tablemend.conflicts.sweep import Entries, meetings
from tablemend.engine.sql import literal, literals
from tablemend.engine.sql import name as quoted
from tablemend.errors import SettingsError

if TYPE_CHECKING:
    import pyarrow as pa

    from tablemend.engine.duckdb import Session

SOURCE, READ, MET = "source_periods", "periods", "met_periods"
"""Names of the relations that the statements read."""

KIND = "period"
"""Tells the keys of conflicts with periods from those of two rows."""

ROW, PERIOD = 0, 1
"""Codes of entries: only a row and a period are paired."""


class Taken(NamedTuple):
    """The conflicts of rows with periods, and what the periods are like."""

    conflicts: pa.Table  # as `assembling.assembled` gives them; `a` is the row, `b` the period
    read: int
    unclear: int  # without an entity, or whose ends are no times in their order


def taken(session: Session, rules: Ruleset, rows: pa.Table, periods: pa.Table) -> Taken:
    """Every prepared row and period of its entity of which a rule holds; SettingsError without [periods]."""
    session.register(ROWS, rows)
    session.register(SOURCE, periods)
    try:
        session.execute(f"CREATE OR REPLACE TEMP TABLE {READ} AS {prepared(rules, periods.schema)}")
        session.register(MET, _met(session, rules))
        found = session.arrow(query(rules))
        read, clear = session.one(f"SELECT count(*), count(*) FILTER (clear) FROM {READ}")
    finally:
        for each in (ROWS, SOURCE, MET):
            session.unregister(each)
        session.execute(f"DROP TABLE IF EXISTS {READ}")
    return Taken(found, read, read - clear)


def prepared(rules: Ruleset, schema: pa.Schema) -> str:
    """The SELECT of the periods as the rules see them.

    Columns: `n` (from 0), `id`, `entity`, `differ`, `kind`, `starts`, `ends`, and `clear`, whether it can be used.
    """
    periods = declared(rules)
    differ, kind = (f"CAST({quoted(each)} AS VARCHAR)" if each else "NULL" for each in (periods.differ, periods.kind))
    return f"""
WITH read AS (
  SELECT row_number() OVER () - 1 AS n, CAST({quoted(periods.id)} AS VARCHAR) AS id,
    {quoted(periods.entity)} AS entity, CAST({differ} AS VARCHAR) AS differ, lower(trim({kind})) AS kind,
    {_moment(periods.start, schema, last=False)} AS starts, {_moment(periods.end, schema, last=True)} AS ends
  FROM {SOURCE})
SELECT *, coalesce(entity IS NOT NULL AND starts <= ends, FALSE) AS clear FROM read"""


def declared(rules: Ruleset) -> Periods:
    """Where the periods of a ruleset are; SettingsError where it does not say."""
    if rules.periods is None:
        raise SettingsError("a rule asks for periods, and there are none", hint="Write [periods] with their table.")
    return rules.periods


def _moment(column: str, schema: pa.Schema, *, last: bool) -> str:
    """When a period begins or ends; a day without a time lasts until the next one begins."""
    import pyarrow.types as kinds

    kind, name = schema.field(column).type, quoted(column)
    if kinds.is_timestamp(kind):
        return f"{name} AT TIME ZONE 'UTC'" if kind.tz else f"CAST({name} AS TIMESTAMP)"
    moment = f"TRY_CAST({name} AS TIMESTAMP)"
    if not last:
        return moment
    day = "TRUE" if kinds.is_date(kind) else f"NOT contains({name}, ':')"
    return f"CASE WHEN {day} THEN {moment} + INTERVAL 1 DAY ELSE {moment} END"


def _met(session: Session, rules: Ruleset) -> pa.Table:
    """Each row and period of one entity that overlap, by their places `row` and `period`, each pair once."""
    import pyarrow as pa

    parts = [np.empty((2, 0), np.int64)]
    for side in dict.fromkeys(rule.one for rule in rules.of_periods):
        listed = session.arrow(_entries(side))
        bucket, code, start, end, place = (listed[name].to_numpy() for name in listed.schema.names)
        entries = Entries(bucket, code, start, end, np.full(len(code), -1, np.int64))
        for first, second in meetings(entries):
            swapped = code[first] == PERIOD
            parts.append(place[np.where(swapped, (second, first), (first, second))])
    row, period = np.unique(np.concatenate(parts, axis=1), axis=1)
    return pa.table({"row": row, "period": period})


def _entries(side: Side) -> str:
    """The SELECT of the rows that a side of a rule looks at, and of the periods, as the sweep takes them."""
    start, end = quoted(f"{side.interval}_start"), quoted(f"{side.interval}_end")
    return f"""
WITH listed AS (
  SELECT entity, {ROW} AS code, {start} AS starts, {end} AS ends, n FROM {ROWS}
  WHERE left_out IS NULL AND {_looked_at(side)} AND entity IN (SELECT entity FROM {READ} WHERE clear)
  UNION ALL
  SELECT entity, {PERIOD}, starts, ends, n FROM {READ} WHERE clear)
SELECT dense_rank() OVER (ORDER BY entity) AS bucket, CAST(code AS BIGINT) AS code,
  epoch_us(CAST(starts AS TIMESTAMP)) AS starts, epoch_us(CAST(ends AS TIMESTAMP)) AS ends, n
FROM listed"""


def _looked_at(side: Side) -> str:
    state = f" AND {quoted(f'is_{side.state}')}" if side.state else ""
    return f"{quoted(f'{side.interval}_complete')}{state}"


def query(rules: Ruleset) -> str:
    """The SELECT of the conflicts among the pairs of the relation `met_periods`."""
    flags = ", ".join(f"CASE WHEN {_holds(rules, each)} THEN {literal(each.flag)} END" for each in rules.of_periods)
    start, end = shown(rules, lambda name: f"r.{quoted(name)}")
    nothing = ", ".join(
        f"CAST(NULL AS {kind}) AS {name}"
        for kind, names in (
            ("DOUBLE", ("gap_minutes", "miles", "mph", "travel_minutes")),
            ("VARCHAR", ("leave_from", "arrive_from", "first")),
        )
        for name in names
    )
    return f"""
WITH told AS (
  SELECT r.entity AS entity, r.id AS id_a, p.id AS id_b, r.differ AS differ_a, p.differ AS differ_b,
    r.scope AS scope_a, CAST(p.starts AS DATE) AS scope_b, {start} AS start_a, {end} AS end_a,
    p.starts AS start_b, p.ends AS end_b, concat_ws(' ', {flags}) AS flags,
    CAST({_overlap(start, end)} AS DOUBLE) AS overlap_minutes, {nothing},
    {_cost(rules, start, end)} AS cost, {_kind(rules)} AS class
  FROM {MET} AS m JOIN {ROWS} AS r ON r.n = m.row JOIN {READ} AS p ON p.n = m.period),
joined AS (SELECT *, round(overlap_minutes * cost, 2) AS amount FROM told WHERE flags <> '')
{kept(rules, "joined", kind=KIND)}"""


def _holds(rules: Ruleset, rule: Rule) -> str:
    """The condition under which a rule holds of the row `r` and the period `p`; what is unknown never holds."""
    start, end = (f"r.{quoted(f'{rule.one.interval}_{key}')}" for key in ("start", "end"))
    conditions = [f"{start} < p.ends AND {end} > p.starts"]
    if rule.one.state:
        conditions.append(f"r.{quoted(f'is_{rule.one.state}')}")
    if rules.differ and not rule.anywhere:
        conditions.append("r.differ <> p.differ")
    if rule.kinds:
        conditions.append(f"p.kind IN ({literals(each.strip().casefold() for each in rule.kinds)})")
    if rules.options.tolerance:
        conditions.append(f"{_overlap(start, end)} > {rules.options.tolerance!r}")
    return f"coalesce({' AND '.join(conditions)}, FALSE)"


def _overlap(start: str, end: str) -> str:
    """Minutes that a row and the period `p` have in common; no less than none."""
    first, last = f"greatest({start}, p.starts)", f"least({end}, p.ends)"
    return f"greatest(0, epoch_us({last}) - epoch_us({first})) / 6e7"


def _cost(rules: Ruleset, start: str, end: str) -> str:
    """What a minute of the row costs: the period is worth nothing where the row is."""
    if rules.money is None:
        return "CAST(NULL AS DOUBLE)"
    minutes = f"(epoch_us({end}) - epoch_us({start})) / 6e7"
    return f"coalesce(r.rate_per_minute, r.rate_per_visit / nullif({minutes}, 0))"


def _kind(rules: Ruleset) -> str:
    """Whether what is at stake was billed."""
    if rules.money is None:
        return "CAST(NULL AS VARCHAR)"
    return "CASE WHEN r.billed THEN 'recovery' ELSE 'avoidance' END"
