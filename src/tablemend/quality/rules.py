"""The user's own rules: `[[rules]]` of `tablemend.toml`, turned into concrete checks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlglot
from sqlglot import exp

from tablemend.engine import sql
from tablemend.errors import SettingsError
from tablemend.quality import dates, missing, semantic
from tablemend.quality.checks.subject import make
from tablemend.quality.expressions import matches, moment, number
from tablemend.records import SEVERITIES, Check, ColumnProfile, Profile, Record, now
from tablemend.review.toml import Problem

TYPES = ("integer", "decimal", "boolean", "date", "time", "timestamp", "text")
_AGE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([smhdw])\s*")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class Range(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Smallest and largest allowed number or ISO date, both inclusive."""

    min: float | str | None = None
    max: float | str | None = None


class Parent(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the values of a foreign key must stand."""

    table: str
    column: str | None = None  # by default of the same name
    columns: tuple[str, ...] = ()


class Rule(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[rules]]` entry: columns and one or more constraints on them."""

    column: str | None = None
    columns: tuple[str, ...] = ()
    name: str = ""  # shown with findings
    severity: str | None = None  # info, warning or error
    not_null: bool = False
    unique: bool = False
    type: str | None = None  # integer, decimal, boolean, date, time, timestamp or text
    range: Range | None = None
    regex: str | None = None  # RE2; the whole value must match
    values: tuple[str | int | float | bool, ...] | None = None
    foreign_key: Parent | None = None
    expression: str | None = None  # SQL over the row; a row fails where it is false
    freshness: str | None = None  # greatest age of the newest date: 30m, 12h, 7d, 2w

    @property
    def on(self) -> tuple[str, ...]:
        """The columns that the rule names."""
        return self.columns or ((self.column,) if self.column else ())


class _Wrong(Exception):
    """What keeps an entry from being a rule: its key, what is wrong with it, what to do."""

    def __init__(self, key: str, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.key, self.problem, self.hint = key, problem, hint


def parse(entries: Sequence[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """Validate the entries of `[[rules]]`; SettingsError names the number of the rule and the key."""
    return tuple(_parse(place, entry) for place, entry in enumerate(entries, start=1))


def problems(entries: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    """What is wrong with entries of `[[rules]]`: of each rule the first thing."""
    for place, entry in enumerate(entries):
        try:
            _rule(entry)
        except _Wrong as wrong:
            yield Problem(path=("rules", place, wrong.key), text=f"{wrong.key!r} {wrong.problem}", hint=wrong.hint)


def _parse(place: int, entry: Mapping[str, Any]) -> Rule:
    try:
        return _rule(entry)
    except _Wrong as wrong:
        raise SettingsError(f"rule {place}: {wrong.key!r} {wrong.problem}", hint=wrong.hint) from wrong.__cause__


def _rule(entry: Mapping[str, Any]) -> Rule:
    known = Rule.__struct_fields__
    for key in entry:
        if key not in known:
            raise _Wrong(key, "is not a key of a rule", f"The keys are {', '.join(known)}.")
    for key, value in entry.items():
        try:
            msgspec.convert({key: value}, Rule)
        except msgspec.ValidationError as problem:
            text = str(problem).split(" - at")[0]
            raise _Wrong(key, f"cannot be used: {text}", "See the reference of rules.") from problem
    rule = msgspec.convert(dict(entry), Rule)
    _validate(rule)
    return rule


def _validate(rule: Rule) -> None:
    if rule.column and rule.columns:
        raise _Wrong("columns", "stands beside 'column'", "Keep one of the two.")
    if not rule.on and rule.expression is None:
        raise _Wrong("column", "is missing", "Name the column, or columns, that the rule is about.")
    if not any(_asked(rule, key) for key in _BUILDERS):
        raise _Wrong("column", "has no constraint", f"Add one of {', '.join(_BUILDERS)}.")
    if rule.type is not None and rule.type not in TYPES:
        raise _Wrong("type", f"cannot be {rule.type!r}", f"The types are {', '.join(TYPES)}.")
    if rule.severity is not None and rule.severity not in SEVERITIES:
        raise _Wrong("severity", f"cannot be {rule.severity!r}", f"It is one of {', '.join(SEVERITIES)}.")
    if rule.freshness is not None and not _AGE.fullmatch(rule.freshness):
        raise _Wrong("freshness", f"cannot be {rule.freshness!r}", "Write an age such as 30m, 12h, 7d or 2w.")
    if rule.range is not None and rule.range.min is None and rule.range.max is None:
        raise _Wrong("range", "has neither min nor max", "Give at least one of them.")
    _validate_texts(rule)


def _validate_texts(rule: Rule) -> None:
    if rule.regex is not None:
        try:
            re.compile(rule.regex)
        except re.error as problem:
            raise _Wrong("regex", f"is not a regular expression: {problem}", "Escape special signs.") from problem
    if rule.expression is not None:
        try:
            tree = sqlglot.parse_one(rule.expression, read="duckdb", into=exp.Condition)
        except sqlglot.errors.SqlglotError as problem:
            text = str(problem).split("\n")[0]
            raise _Wrong("expression", f"is not an SQL condition: {text}", "Write a comparison.") from problem
        if tree.find(exp.Query, exp.Table, exp.Command):  # it could read files, and whoever writes a rule may not
            raise _Wrong("expression", "holds a query", "Write a condition over the columns of the row.")


def _asked(rule: Rule, key: str) -> bool:
    value = getattr(rule, key)
    return value is not None and value is not False


def checks(rules: Sequence[Rule], profile: Profile, *, moment_of_scan: datetime | None = None) -> tuple[Check, ...]:
    """Concrete checks of the rules; one that cannot be evaluated on this table carries its error."""
    known = {column.name.lower(): column for column in profile.columns}
    when = moment_of_scan or now()
    return tuple(
        check
        for place, rule in enumerate(rules, start=1)
        for key in _BUILDERS
        if _asked(rule, key)
        for check in _concrete(key, _Target(rule, known, when), f"rule {place}: {rule.name or key}")
    )


class _Target:
    """The rule, and the table and moment that it is made concrete for."""

    def __init__(self, rule: Rule, known: Mapping[str, ColumnProfile], when: datetime) -> None:
        self.rule = rule
        self.known = known
        self.when = when

    @property
    def columns(self) -> list[ColumnProfile]:
        """The columns that the rule names; raises if one is not there."""
        return [_column(self.known, name) for name in self.rule.on]


class _Unusable(Exception):
    """Why a rule cannot be evaluated on this table; becomes the error of its check."""


def _concrete(key: str, target: _Target, label: str) -> Iterator[Check]:
    name, build = _BUILDERS[key]
    severity = target.rule.severity
    try:
        for found in build(target):
            yield make(name, severity=severity, rule=label, **found)
    except _Unusable as problem:
        yield make(name, target.rule.on, message=label, severity=severity, rule=label, error=str(problem))


def _column(known: Mapping[str, ColumnProfile], name: str) -> ColumnProfile:
    found = known.get(name.lower())
    if found is None:
        names = [column.name for column in known.values()]
        shown = ", ".join(names if len(names) <= 20 else [*names[:20], "…"])
        raise _Unusable(f"there is no column {name!r}; the columns are {shown}")
    return found


_Found = dict[str, Any]
_Build = Callable[[_Target], Iterator[_Found]]


def _cell(column: ColumnProfile) -> str:
    return sql.name(column.name)


def _given(column: ColumnProfile) -> str:
    return missing.present(_cell(column))


def _not_null(target: _Target) -> Iterator[_Found]:
    for column in target.columns:
        predicate = f"{_cell(column)} IS NULL OR {missing.blank(_cell(column))}"
        yield {"columns": [column.name], "predicate": predicate, "message": f"{column.name} is required"}


def _unique(target: _Target) -> Iterator[_Found]:
    names = [column.name for column in target.columns]
    given = " AND ".join(f"{sql.name(name)} IS NOT NULL" for name in names)
    query = f"SELECT _row FROM {{data}} WHERE {given} QUALIFY count(*) OVER (PARTITION BY {sql.names(names)}) > 1"
    yield {"columns": names, "query": query, "message": f"{', '.join(names)} must be unique"}


_FORMS = {
    "integer": semantic.INTEGER,
    "decimal": semantic.NUMBER,
    "boolean": rf"{semantic.BOOLEAN}|0|1",
    **{kind: "|".join(dates.shape(form) for form in forms) for kind, forms in dates.KINDS.items()},
}


def _type(target: _Target) -> Iterator[_Found]:
    form = _FORMS.get(target.rule.type or "")
    for column in target.columns:
        failing = f"NOT {matches(_cell(column), form)} AND {_given(column)}" if form else "FALSE"
        yield {
            "columns": [column.name],
            "predicate": failing,
            "params": {"type": target.rule.type},
            "message": f"{column.name} must be of type {target.rule.type}",
        }


def _range(target: _Target) -> Iterator[_Found]:
    limits = target.rule.range or Range()
    bounds = [(sign, value) for sign, value in (("<", limits.min), (">", limits.max)) if value is not None]
    dated = any(isinstance(value, str) for _, value in bounds)
    for column in target.columns:
        value = _moment(column) if dated else number(_cell(column))
        outside = " OR ".join(f"{value} {sign} {_bound(each)}" for sign, each in bounds)
        yield {
            "columns": [column.name],
            "predicate": f"({outside})",
            "params": {"min": limits.min, "max": limits.max},
            "message": f"{column.name} must be within its range",
        }


def _bound(value: float | str) -> str:
    return f"TIMESTAMP {sql.literal(value)}" if isinstance(value, str) else repr(float(value))


def _moment(column: ColumnProfile) -> str:
    if column.type not in dates.KINDS or not (column.form or "").startswith("%"):
        raise _Unusable(f"{column.name} does not hold dates but {column.semantic}")
    return moment(_cell(column), column.form or "")


def _regex(target: _Target) -> Iterator[_Found]:
    for column in target.columns:
        full = f"regexp_full_match({_cell(column)}, {sql.literal(target.rule.regex)})"
        yield {
            "columns": [column.name],
            "predicate": f"NOT {full} AND {_given(column)}",
            "params": {"regex": target.rule.regex},
            "message": f"{column.name} must match {target.rule.regex}",
        }


def _values(target: _Target) -> Iterator[_Found]:
    allowed = [_text(value) for value in target.rule.values or ()]
    for column in target.columns:
        within = f"{_cell(column)} IN ({sql.literals(allowed)})" if allowed else "FALSE"
        yield {
            "columns": [column.name],
            "predicate": f"NOT {within} AND {_given(column)}",
            "params": {"values": allowed},
            "message": f"{column.name} must be one of {len(allowed)} values",
        }


def _text(value: str | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _foreign_key(target: _Target) -> Iterator[_Found]:
    parent = target.rule.foreign_key or Parent(table="")
    names = [column.name for column in target.columns]
    parents = parent.columns or ((parent.column,) if parent.column else tuple(names))
    if len(parents) != len(names):
        raise _Unusable(f"{len(names)} columns cannot refer to {len(parents)} columns of {parent.table}")
    equal = " AND ".join(
        f"CAST(p.{sql.name(each)} AS VARCHAR) = d.{sql.name(name)}" for name, each in zip(names, parents, strict=True)
    )
    given = " AND ".join(f"d.{sql.name(name)} IS NOT NULL" for name in names)
    query = (
        f"SELECT _row FROM {{data}} AS d WHERE {given} "
        f"AND NOT EXISTS (SELECT 1 FROM {sql.name(parent.table)} AS p WHERE {equal})"
    )
    params = {"table": parent.table, "parents": list(parents)}
    yield {"columns": names, "query": query, "params": params, "message": f"{', '.join(names)} needs a parent"}


def _expression(target: _Target) -> Iterator[_Found]:
    """Columns are read as the type that the profile found, so that numbers and dates compare as such."""
    tree = sqlglot.parse_one(target.rule.expression or "", read="duckdb", into=exp.Condition)
    used = {found.name: _column(target.known, found.name) for found in tree.find_all(exp.Column)}
    typed = tree.transform(lambda node: _typed(used[node.name]) if isinstance(node, exp.Column) else node)
    yield {
        "columns": [column.name for column in target.columns],
        "reads": [column.name for column in used.values()],
        "predicate": f"NOT ({typed.sql(dialect='duckdb')})",
        "params": {"expression": target.rule.expression},
        "message": f"{target.rule.expression} must hold",
    }


def _typed(column: ColumnProfile) -> exp.Expression:
    value = _cell(column)
    if column.type in ("integer", "decimal"):
        value = number(value)
    elif column.type in ("date", "timestamp") and (column.form or "").startswith("%"):
        value = _moment(column)
    elif column.type == "boolean":
        value = f"TRY_CAST({value} AS BOOLEAN)"
    parsed: exp.Expression = sqlglot.parse_one(f"({value})", read="duckdb")
    return parsed


def _freshness(target: _Target) -> Iterator[_Found]:
    age = _AGE.fullmatch(target.rule.freshness or "")
    if age is None:
        raise _Unusable(f"{target.rule.freshness!r} is not an age")
    oldest = target.when - timedelta(seconds=float(age[1]) * _SECONDS[age[2]])
    limit = f"TIMESTAMP {sql.literal(oldest.strftime('%Y-%m-%d %H:%M:%S'))}"
    for column in target.columns:
        newest = f"SELECT max({_moment(column)}) FROM {{data}}"
        yield {
            "columns": [column.name],
            "query": f"SELECT _row FROM {{data}} WHERE coalesce(({newest}) < {limit}, TRUE)",
            "params": {"max_age": target.rule.freshness, "oldest": oldest.isoformat()},
            "message": f"The newest {column.name} is older than {target.rule.freshness}",
        }


_BUILDERS: dict[str, tuple[str, _Build]] = {
    "not_null": ("required_missing", _not_null),
    "unique": ("duplicate_key", _unique),
    "type": ("type_mismatch", _type),
    "range": ("out_of_range", _range),
    "regex": ("pattern_deviation", _regex),
    "values": ("not_allowed", _values),
    "foreign_key": ("missing_parent", _foreign_key),
    "expression": ("cross_column", _expression),
    "freshness": ("stale", _freshness),
}
