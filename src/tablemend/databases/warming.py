"""Reading queries ahead, so that those who ask later find their results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from tablemend.errors import TablemendError
from tablemend.records import Record

if TYPE_CHECKING:
    from tablemend.databases.database import Database

Query = str | tuple[str, Mapping[str, Any]]
"""A query, or one with its parameters."""


class NotWarmed(Record, frozen=True, kw_only=True):
    """A query whose result is not there now."""

    sql: str
    reason: str  # the error of the database, or why its result is never kept


class Warmed(Record, frozen=True, kw_only=True, omit_defaults=False):
    """What became of the queries; `total` = `read` + `known` + those that failed."""

    total: int
    read: int  # from the database
    known: int  # that were there already
    failed: tuple[NotWarmed, ...]  # in the order in which they were given


def warm(database: Database, queries: Iterable[Query], *, threads: int = 4, ttl: float | None = None) -> Warmed:
    """Run queries, several at once, for their results to be kept; one that fails stops no other."""
    found = [(each, {}) if isinstance(each, str) else each for each in queries]
    with ThreadPoolExecutor(max(1, threads), thread_name_prefix="tablemend-warm") as pool:
        tasks = [pool.submit(copy_context().run, _one, database, sql, params, ttl) for sql, params in found]
        outcomes = [each.result() for each in tasks]
    return Warmed(
        total=len(outcomes),
        read=outcomes.count("read"),
        known=outcomes.count("known"),
        failed=tuple(each for each in outcomes if isinstance(each, NotWarmed)),
    )


def _one(database: Database, sql: str, params: Mapping[str, Any], ttl: float | None) -> str | NotWarmed:
    try:
        found = database.query(sql, params, ttl=ttl)
    except TablemendError as problem:
        return NotWarmed(sql=sql, reason=problem.message)
    if not found.key:
        return NotWarmed(sql=sql, reason=found.uncached or "no cache is there")
    return "known" if found.cached else "read"
