"""The rows of a source as the rules see them: one column for each role, and what can be paired at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

from tablemend.conflicts.ruleset import Interval, Point, Ruleset
from tablemend.engine.sql import literal, literals
from tablemend.engine.sql import name as quoted
from tablemend.errors import UnreadableSource

if TYPE_CHECKING:
    import pyarrow as pa

FIT = "fit"
"""Name of the condition under which a row is judged; the others tell why one is not."""

NOES = ("", "false", "f", "no", "n", "0")
"""What a column says of a row that was not billed, if anything."""

ENDS = {"leave": "leaves", "arrive": "arrives"}
"""Where somebody is at the end and at the beginning of a row → its key in `travel`."""


def require_columns(rules: Ruleset, schema: pa.Schema) -> None:
    """Raise UnreadableSource that names every column that is missing, or whose type cannot be used."""
    types = {each.name: each.type for each in schema}
    missing = [each for each in rules.columns if each not in types]
    if missing:
        raise UnreadableSource(
            f"the source has no column {', '.join(missing)}; it has {', '.join(types)}",
            hint=f"Name its columns in the ruleset {rules.name}, or rename them with a query.",
        )
    wrong = list(_wrong_types(rules, types))
    if wrong:
        raise UnreadableSource(
            f"columns of the source have types that cannot be used: {'; '.join(wrong)}",
            hint="Cast them in a query, or name other columns in the ruleset.",
        )


def _wrong_types(rules: Ruleset, types: Mapping[str, pa.DataType]) -> Iterator[str]:
    """Each column that cannot be what it is to be."""
    import pyarrow.types as kinds

    def moment(kind: pa.DataType) -> bool:
        return bool(is_text(kind) or kinds.is_timestamp(kind) or kinds.is_date(kind) or kinds.is_time(kind))

    def number(kind: pa.DataType) -> bool:
        return bool(is_text(kind) or kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_decimal(kind))

    moments = [rules.scope, *(end for each in rules.intervals.values() for end in (each.start, each.end))]
    points = [axis for each in rules.points.values() for axis in (each.latitude, each.longitude)]
    for name in dict.fromkeys(moments):
        if name in types and not (moment(types[name]) or kinds.is_null(types[name])):
            yield f"{name} is {types[name]} and must be a date or a time"
    for name in dict.fromkeys(points):
        if name in types and not (number(types[name]) or kinds.is_null(types[name])):
            yield f"{name} is {types[name]} and must be a number"


def is_text(kind: pa.DataType) -> bool:
    """Whether a column holds texts."""
    import pyarrow.types as kinds

    return bool(kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_string_view(kind))


def prepared(rules: Ruleset, relation: str, schema: pa.Schema, *, today: date) -> str:
    """The SELECT of the rows as the rules see them, each with why it is not judged, if so.

    Columns: `n` (from 0, in the order of the relation), `id`, `entity`, `scope`, `differ`, `left_out`; for each
    interval NAME `NAME_start` and `NAME_end` (both null unless it is complete), `NAME_complete`, `NAME_missing`,
    `NAME_half`, `NAME_backwards`, `NAME_unreadable`; for each state `is_STATE`; with travel `leave_latitude`,
    `leave_longitude`, `leave_from`, the same of `arrive`, `postcode` and `impossible_places`; with money
    `rate_per_minute`, `rate_per_visit` and `billed`.
    """
    return f"""
WITH source AS (SELECT row_number() OVER () - 1 AS n, * FROM {quoted(relation)}),
read AS (
  SELECT n, CAST({quoted(rules.id)} AS VARCHAR) AS id, {quoted(rules.entity)} AS entity,
    {_scope(rules.scope)} AS scope, {_text(rules.differ)} AS differ, {_text(rules.exclude.column)} AS status,
    {_columns([*_interval_columns(rules, schema), *_place_columns(rules), *_money_columns(rules, schema)])}
  FROM source),
bounded AS (SELECT *, {_columns(_complete_columns(rules))} FROM read)
SELECT * EXCLUDE ({", ".join(_raw(rules))}), {_columns([*_kept_ends(rules), *_states(rules), *_kept_places(rules)])},
  {_left_out(rules, today)} AS left_out
FROM bounded"""


def _columns(found: list[str]) -> str:
    return ",\n    ".join(found) or "NULL AS nothing"


def _text(column: str) -> str:
    return f"CAST({quoted(column)} AS VARCHAR)" if column else "CAST(NULL AS VARCHAR)"


def _scope(column: str) -> str:
    return f"CAST(TRY_CAST({quoted(column)} AS TIMESTAMP) AS DATE)"


def _moment(column: str, scope: str, schema: pa.Schema) -> str:
    """A time of a row; a time of the day counts from the date of its scope."""
    import pyarrow.types as kinds

    kind = schema.field(column).type
    if kinds.is_time(kind):
        return f"CAST(TRY_CAST({quoted(scope)} AS TIMESTAMP) AS DATE) + {quoted(column)}"
    if kinds.is_timestamp(kind) and kind.tz:
        return f"{quoted(column)} AT TIME ZONE 'UTC'"
    return f"TRY_CAST({quoted(column)} AS TIMESTAMP)"


def _interval_columns(rules: Ruleset, schema: pa.Schema) -> list[str]:
    import pyarrow.types as kinds

    found = []
    for name, each in rules.intervals.items():
        start, end = (_moment(column, rules.scope, schema) for column in (each.start, each.end))
        if kinds.is_time(schema.field(each.end).type) and kinds.is_time(schema.field(each.start).type):
            over = f"{quoted(each.end)} < {quoted(each.start)}"  # it ends after midnight
            end = f"{end} + CASE WHEN {over} THEN INTERVAL 1 DAY ELSE INTERVAL 0 DAY END"
        found += [
            f"{start} AS {quoted(f'{name}_raw_start')}",
            f"{end} AS {quoted(f'{name}_raw_end')}",
            f"{_unread(each, schema)} AS {quoted(f'{name}_unreadable')}",
        ]
    return found


def _unread(each: Interval, schema: pa.Schema) -> str:
    """Whether an end is there that is no time: only a text can be."""
    texts = [quoted(name) for name in (each.start, each.end) if is_text(schema.field(name).type)]
    conditions = (f"({name} IS NOT NULL AND TRY_CAST({name} AS TIMESTAMP) IS NULL)" for name in texts)
    return " OR ".join(conditions) or "FALSE"


def _complete_columns(rules: Ruleset) -> list[str]:
    found = []
    for name in rules.intervals:
        start, end = _ends(rules, name)
        found += [
            f"coalesce({start} <= {end}, FALSE) AS {quoted(f'{name}_complete')}",
            f"{quoted(f'{name}_raw_start')} IS NULL AND {quoted(f'{name}_raw_end')} IS NULL "
            f"AND NOT {quoted(f'{name}_unreadable')} AS {quoted(f'{name}_missing')}",
            f"coalesce({start} > {end}, FALSE) AS {quoted(f'{name}_backwards')}",
            f"({quoted(f'{name}_raw_start')} IS NULL) <> ({quoted(f'{name}_raw_end')} IS NULL) "
            f"AS {quoted(f'{name}_half')}",
        ]
    return found


def _ends(rules: Ruleset, name: str) -> tuple[str, str]:
    """Both ends of an interval; half recorded and where the option says so, the other end is that of the one before."""
    start, end = quoted(f"{name}_raw_start"), quoted(f"{name}_raw_end")
    order = list(rules.intervals)
    if not rules.options.half_recorded or order.index(name) == 0:
        return start, end
    before = order[order.index(name) - 1]
    return (
        f"CASE WHEN {end} IS NULL THEN {start} ELSE coalesce({start}, {quoted(f'{before}_raw_start')}) END",
        f"CASE WHEN {start} IS NULL THEN {end} ELSE coalesce({end}, {quoted(f'{before}_raw_end')}) END",
    )


def _kept_ends(rules: Ruleset) -> list[str]:
    found = []
    for name in rules.intervals:
        complete = quoted(f"{name}_complete")
        for key, end in zip(("start", "end"), _ends(rules, name), strict=True):
            found.append(f"CASE WHEN {complete} THEN {end} END AS {quoted(f'{name}_{key}')}")
    return found


def _states(rules: Ruleset) -> list[str]:
    found = []
    for name, state in rules.states.items():
        conditions = [quoted(f"{each}_complete") for each in state.complete]
        conditions += [quoted(f"{each}_missing") for each in state.missing]
        found.append(f"{' AND '.join(conditions) or 'TRUE'} AS {quoted(f'is_{name}')}")
    return found


def _raw(rules: Ruleset) -> list[str]:
    ends = [quoted(f"{name}_raw_{key}") for name in rules.intervals for key in ("start", "end")]
    places = [quoted(f"{name}_{axis}") for name in _used(rules) for axis in ("latitude", "longitude")]
    return [*ends, *places]


def _used(rules: Ruleset) -> list[str]:
    """The points that the rules look at."""
    travel = rules.travel
    return list(dict.fromkeys((*travel.leaves, *travel.arrives))) if travel is not None else []


def _place_columns(rules: Ruleset) -> list[str]:
    found = []
    for name in _used(rules):
        point: Point = rules.points[name]
        for axis in ("latitude", "longitude"):
            found.append(f"TRY_CAST({quoted(getattr(point, axis))} AS DOUBLE) AS {quoted(f'{name}_{axis}')}")
    if rules.travel is not None:
        found.append(f"nullif(trim({_text(rules.travel.postcode)}), '') AS postcode")
    return found


def possible(name: str) -> str:
    """The condition that a point is somewhere on earth; 0, 0 is where machines put what they do not know."""
    latitude, longitude = quoted(f"{name}_latitude"), quoted(f"{name}_longitude")
    return (
        f"coalesce({latitude} BETWEEN -90 AND 90 AND {longitude} BETWEEN -180 AND 180 "
        f"AND NOT ({latitude} = 0 AND {longitude} = 0), FALSE)"
    )


def _kept_places(rules: Ruleset) -> list[str]:
    if rules.travel is None:
        return []
    found = []
    for end, key in ENDS.items():
        names = getattr(rules.travel, key)
        for axis in ("latitude", "longitude"):
            whens = " ".join(f"WHEN {possible(each)} THEN {quoted(f'{each}_{axis}')}" for each in names)
            found.append(f"CASE {whens} END AS {end}_{axis}")
        froms = " ".join(f"WHEN {possible(each)} THEN {literal(each)}" for each in names)
        found.append(f"CASE {froms} END AS {end}_from")
    there = [
        f"({quoted(f'{each}_latitude')} IS NOT NULL AND {quoted(f'{each}_longitude')} IS NOT NULL "
        f"AND NOT {possible(each)})"
        for each in _used(rules)
    ]
    return [*found, f"{' OR '.join(there)} AS impossible_places"]


def _money_columns(rules: Ruleset, schema: pa.Schema) -> list[str]:
    """Rates are by the hour, by the day, or by the visit, whatever its length."""
    if rules.money is None:
        return []
    rate, per = f"TRY_CAST({quoted(rules.money.rate)} AS DOUBLE)", f"lower(trim({_text(rules.money.per)}))"
    return [
        f"CASE {per} WHEN 'hour' THEN {rate} / 60 WHEN 'day' THEN {rate} / 1440 END AS rate_per_minute",
        f"CASE WHEN {per} = 'visit' THEN {rate} END AS rate_per_visit",
        f"{_billed(rules.money.billed, schema)} AS billed",
    ]


def _billed(column: str, schema: pa.Schema) -> str:
    """Whether a row was billed: true, or anything but what means no; a list of words would be joined with each row."""
    import pyarrow.types as kinds

    if kinds.is_boolean(schema.field(column).type):
        return f"coalesce({quoted(column)}, FALSE)"
    noes = " ".join(f"WHEN {literal(each)} THEN FALSE" for each in NOES)
    return f"({quoted(column)} IS NOT NULL AND CASE lower(trim({_text(column)})) {noes} ELSE TRUE END)"


def _left_out(rules: Ruleset, today: date) -> str:
    """Why a row is not judged; null where it is."""
    whens = ["WHEN entity IS NULL THEN 'entity missing'", "WHEN scope IS NULL THEN 'date missing or unreadable'"]
    if rules.differ:
        whens.append(f"WHEN differ IS NULL THEN {literal(f'{rules.differ} missing')}")
    if rules.exclude.values:
        values = literals(each.casefold() for each in rules.exclude.values)
        whens.append(f"WHEN lower(trim(status)) IN ({values}) THEN 'status'")
    if rules.exclude.entities:
        whens.append(f"WHEN entity IN ({literals(rules.exclude.entities)}) THEN 'excluded'")
    if rules.exclude.differ:
        whens.append(f"WHEN differ IN ({literals(rules.exclude.differ)}) THEN 'excluded'")
    if rules.window is not None:
        first, last = today - timedelta(days=rules.window.past), today + timedelta(days=rules.window.future)
        whens.append(f"WHEN scope NOT BETWEEN DATE '{first}' AND DATE '{last}' THEN 'outside the window'")
    return f"CASE {' '.join(whens)} END"
