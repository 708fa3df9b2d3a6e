"""Queries that take long: their text without values, and how the database goes about them, in the log."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot.errors import SqlglotError

from tablemend.caching.statements import DIALECTS as PARSED
from tablemend.databases.bulk.parameters import bound
from tablemend.databases.bulk.registry import DIALECTS
from tablemend.errors import DatabaseError

if TYPE_CHECKING:
    from tablemend.databases.database import Database

LOGGER = logging.getLogger("tablemend.databases")

_EXPLAIN = {
    "postgresql": "EXPLAIN",
    "mysql": "EXPLAIN",
    "sqlite": "EXPLAIN QUERY PLAN",
    "duckdb": "EXPLAIN",
}
"""Kind of database → what asks for a plan without running the query."""

_PATIENCE = 5.0  # seconds for a plan
_ESTIMATES = re.compile(r"(\(cost=[^)]*\))")
_VALUES = re.compile(r"'(?:[^']|'')*'|(?<![\w$])-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


def log(database: Database, sql: str, params: Mapping[str, Any] | None, seconds: float) -> None:
    """Tell that a query was slow, with its plan; where there is none, why. No value of a query is told."""
    LOGGER.warning(
        "a query of %.2f s on %s: %s\n%s",
        seconds,
        database.name,
        redacted(sql, database.kind),
        _plan(database, sql, params),
    )


def redacted(sql: str, kind: str) -> str:
    """A query with ? for each value that is written in it, without comments."""
    try:
        tokens = sqlglot.tokenize(sql, dialect=PARSED.get(kind, kind))
    except SqlglotError:
        return f"SQL of {len(sql):,} characters that is not understood"
    words = ((each.token_type.name, sql[each.start : each.end + 1]) for each in tokens)
    return " ".join("?" if _is_value(sort, word, kind) else word for sort, word in words)


def _is_value(sort: str, word: str, kind: str) -> bool:
    """SQLite takes a name in double quotes that is no column for a text, and only it knows which are columns."""
    return "STRING" in sort or sort == "NUMBER" or (kind == "sqlite" and word.startswith('"'))


def _plan(database: Database, sql: str, params: Mapping[str, Any] | None) -> str:
    explain = _EXPLAIN.get(database.kind)
    if explain is None:
        return f"no plan: {database.kind} is not asked for one"
    pool = database.statistics()
    if pool.in_use >= pool.maximum:
        return "no plan: every connection is in use"
    text, values = bound(DIALECTS[database.kind], sql, params or {})
    try:
        with database.connect(read_only=True, timeout=_PATIENCE) as connection:
            cursor = database.raw(connection).cursor()
            try:
                cursor.execute(f"{explain} {text}", *((tuple(values),) if values else ()))
                names = [each[0] for each in cursor.description]
                rows = cursor.fetchall()
            finally:
                cursor.close()
    except DatabaseError as problem:
        return f"no plan: {type(problem).__name__}"
    return "\n".join(_line(database.kind, names, row) for row in rows)


def _line(kind: str, names: list[str], row: Any) -> str:
    if kind == "mysql":  # a table of names and numbers, which quotes no value
        return ", ".join(f"{name} {value}" for name, value in zip(names, row, strict=True) if value is not None)
    parts = _ESTIMATES.split(str(row[-1]))
    return "".join(part if _ESTIMATES.fullmatch(part) else _VALUES.sub("?", part) for part in parts)
