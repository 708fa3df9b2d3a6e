"""What a statement reads and writes, as far as its text tells."""

from __future__ import annotations

import functools
import re

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import traverse_scope

from tablemend.caching.functions import SAME_EACH_TIME, VOLATILE, WITHOUT_ARGUMENTS
from tablemend.caching.moments import present
from tablemend.caching.normal import normal
from tablemend.records import Record

DIALECTS = {"postgresql": "postgres", "mysql": "mysql", "sqlite": "sqlite", "duckdb": "duckdb", "mssql": "tsql"}
"""Kind of database → its name in sqlglot, where that is another one."""

LONGEST = 32_000  # characters of a statement that is parsed; a longer one counts as unknown
KEPT = 1_024  # statements whose analysis is remembered

_NOTHING = re.compile(
    r"(begin( immediate)?|commit|rollback|(savepoint|release savepoint|rollback to savepoint) \w+);?", re.I
)
"""Statements about transactions: what one commits is in the statements before it, which count in any case."""

_OBEYED = re.compile(r"/\*M?!|\bU&\"", re.I)
"""Comments that a server carries out, and names that are written with escapes: the text says something else."""

_QUERY = re.compile(r"(\s|\(|--[^\n]*\n|/\*.*?\*/)*(select|with|values|from)\b", re.I | re.S)
_CHANGE = re.compile(r"(\s|\(|--[^\n]*\n|/\*.*?\*/)*(select|with|values|insert|update|delete|merge)\b", re.I | re.S)
_REPLACE = re.compile(r"\s*replace\s+(into\s+)?", re.I)
_PSEUDO = {
    *("current_user", "session_user", "user", "current_role", "current_catalog", "current_schema", "current_date"),
    *("current_time", "current_timestamp", "localtime", "localtimestamp", "sysdate", "systimestamp"),
}
"""What differs from time to time or from caller to caller, where sqlglot takes it for a column."""

CHANGES = (exp.Insert, exp.Update, exp.Delete, exp.Merge)
_UNREPEATABLE = (
    exp.Lock,
    exp.Into,
    exp.Operator,
    exp.Command,
    exp.TableSample,
    exp.Parameter,
    exp.SessionParameter,
    exp.NextValueFor,
)

Name = tuple[str, str]
"""Schema ("" where none is written) and name of a table or view, in lower case."""


class Reading(Record, frozen=True, kw_only=True):
    """What a query reads."""

    text: str  # in normal form
    names: tuple[Name, ...] = ()  # tables and views that it names, sorted
    words: frozenset[str] = frozenset()  # everything in it but values, in lower case
    reason: str = ""  # why its result cannot be kept, in words; "" where it can


class Effect(Record, frozen=True, kw_only=True):
    """What a statement may have changed."""

    names: tuple[Name, ...] = ()  # tables written to, sorted
    unknown: bool = False  # any table may have changed
    schema: bool = False  # tables, columns or rights may have changed
    words: frozenset[str] = frozenset()  # everything in it but values, in lower case: functions of the database itself


NOTHING = Effect()
ANYTHING = Effect(unknown=True, schema=True)


def reading(sql: str, kind: str) -> Reading:
    """What a query of a kind of database reads, and whether the same text always gives what the tables say."""
    if len(sql) > LONGEST:
        return Reading(text=sql, reason=f"it is longer than {LONGEST:,} characters")
    return _reading(sql, kind)


@functools.lru_cache(KEPT)
def _reading(sql: str, kind: str) -> Reading:
    if not _QUERY.match(sql):
        return Reading(text=sql, reason="it is no plain query")
    if _OBEYED.search(sql):
        return Reading(text=sql, reason="a part of it is written so that only the server understands it")
    try:
        tree, spelled = _parsed(sql, kind), _words(sql, kind)
    except ValueError as problem:
        return Reading(text=sql, reason=str(problem))
    if not isinstance(tree, exp.Query) or any(tree.find_all(*CHANGES)):
        return Reading(text=sql, reason="it is no plain query")
    reason = _unrepeatable(tree, kind)
    if reason:
        return Reading(text=sql, reason=reason)
    text = normal(sql, DIALECTS.get(kind, kind)) if _has_names(tree) else sql
    return Reading(text=text, names=_names(tree), words=spelled)


def effect(sql: str, kind: str) -> Effect:
    """What a statement changes; anything where it is not understood."""
    return ANYTHING if len(sql) > LONGEST else _effect(sql, kind)


@functools.lru_cache(KEPT)
def _effect(sql: str, kind: str) -> Effect:
    if _NOTHING.fullmatch(sql.strip()):
        return NOTHING
    sql = _REPLACE.sub("INSERT INTO ", sql, count=1) if _REPLACE.match(sql) else sql
    if not _CHANGE.match(sql) or _OBEYED.search(sql):
        return ANYTHING
    try:
        tree, spelled = _parsed(sql, kind), _words(sql, kind)
    except ValueError:
        return ANYTHING
    if not isinstance(tree, (*CHANGES, exp.Query)) or _strange(tree):
        return ANYTHING
    targets = [table for each in tree.find_all(*CHANGES) for table in _targets(each)]
    if any(not name for _, name in targets):
        return ANYTHING
    # without a table or function in it, no function of the database itself is called, which might write
    calls = tree.find(exp.Table, exp.Func, exp.Operator) is not None
    return Effect(names=tuple(sorted(set(targets))), words=spelled) if calls else NOTHING


def words(sql: str, kind: str) -> frozenset[str] | None:
    """Names and keywords of a statement, in lower case; None where it is not understood."""
    try:
        return None if _OBEYED.search(sql) else _words(sql, kind)
    except ValueError:
        return None


def _words(sql: str, kind: str) -> frozenset[str]:
    """Names and keywords of a statement, in lower case; ValueError where it is not understood."""
    try:
        tokens = sqlglot.tokenize(sql, dialect=DIALECTS.get(kind, kind))
    except SqlglotError as problem:
        raise ValueError("its SQL is not understood") from problem
    texts = {each.text.lower() for each in tokens if "STRING" not in each.token_type.name}
    return frozenset(texts.union(*(each.split() for each in texts)))


def _parsed(sql: str, kind: str) -> exp.Expression:
    """The one statement of a text; ValueError says why there is none."""
    try:
        found = [each for each in sqlglot.parse(sql, dialect=DIALECTS.get(kind, kind)) if each is not None]
    except Exception as problem:
        raise ValueError("its SQL is not understood") from problem
    if len(found) != 1:
        raise ValueError(f"it holds {len(found)} statements")
    return found[0]


def _unrepeatable(tree: exp.Expression, kind: str) -> str:
    """Why the same query may give something else although no table has changed; "" where it may not."""
    found = tree.find(*_UNREPEATABLE)
    if found is not None:
        return f"{found.key} gives or does something else each time"
    if reason := present(tree, kind):
        return reason
    for each in tree.find_all(exp.Column):
        if not each.table and not each.this.args.get("quoted") and each.name.lower() in _PSEUDO:
            return f"{each.name} depends on the moment or on who asks"
    names = sorted({_called(each) for each in tree.find_all(exp.Func) if not _same_each_time(each)})
    return f"function {names[0]} may give something else each time" if names else ""


def _same_each_time(function: exp.Func) -> bool:
    if isinstance(function, exp.Anonymous | exp.AnonymousAggFunc):
        return _called(function) in SAME_EACH_TIME
    if isinstance(function, VOLATILE):
        return False
    return bool(any(function.args.values()) or isinstance(function, WITHOUT_ARGUMENTS))


def _strange(tree: exp.Expression) -> bool:
    """Whether something is called that is known neither here nor to sqlglot, or made: it may write."""
    if tree.find(exp.Into, exp.Command, exp.Operator):
        return True
    functions = tree.find_all(exp.Anonymous, exp.AnonymousAggFunc)
    return any(_called(each) not in SAME_EACH_TIME | _HARMLESS_FUNCTIONS for each in functions)


_HARMLESS_FUNCTIONS = {
    *("now", "clock_timestamp", "statement_timestamp", "transaction_timestamp", "pg_sleep", "sleep", "version"),
    *("last_insert_rowid", "last_insert_id", "changes", "total_changes", "row_count", "found_rows", "connection_id"),
    *("pg_backend_pid", "txid_current", "pg_current_xact_id", "database", "user", "sqlite_version", "random"),
}
"""They differ from time to time, but write nothing."""


def _called(function: exp.Expression) -> str:
    anonymous = isinstance(function, exp.Anonymous | exp.AnonymousAggFunc)
    return (function.name if anonymous else function.sql_name()).lower()


def _names(tree: exp.Expression) -> tuple[Name, ...]:
    """Tables and views: every one that the scopes of the query resolve to, without the names of its CTEs."""
    try:
        scopes = traverse_scope(tree)
    except SqlglotError:
        scopes = []
    resolved = [each for scope in scopes for each in scope.sources.values() if isinstance(each, exp.Table)]
    seen = {id(each) for each in resolved}
    defined = {each.alias_or_name.lower() for each in tree.find_all(exp.CTE)}
    others = [  # a table that no scope holds is read all the same
        each
        for each in tree.find_all(exp.Table)
        if id(each) not in seen and (each.db or each.name.lower() not in defined)
    ]
    return tuple(sorted({_name(each) for each in (*resolved, *others) if isinstance(each.this, exp.Identifier)}))


def _name(table: exp.Table) -> Name:
    schema = f"{table.catalog}.{table.db}" if table.catalog else table.db
    return schema.lower(), table.name.lower()


def _targets(change: exp.Expression) -> list[Name]:
    """The tables that a change writes to; where several are joined, all of them."""
    if not isinstance(change.this, exp.Expression):
        return [("", "")]
    found = list(change.this.find_all(exp.Table))
    for each in change.args.get("tables") or ():
        found += each.find_all(exp.Table)
    return [_name(each) for each in found] or [("", "")]


def _has_names(tree: exp.Query) -> bool:
    """Whether each column of each query in it has a name of its own; some databases name others by the text."""
    queries = list(tree.find_all(exp.Select))
    return bool(queries) and all(
        isinstance(each, exp.Alias | exp.Column | exp.Star) for query in queries for each in query.selects
    )
