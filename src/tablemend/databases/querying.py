"""Queries that are read through the cache, where there is one and their results can be kept."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from tablemend.caching.catalogue import Catalogue, Tables, tables_read
from tablemend.caching.key import parameters
from tablemend.caching.moments import is_moment
from tablemend.caching.statements import Reading, reading
from tablemend.databases import asking, places, plain
from tablemend.errors import AccessDenied, DatabaseError, SettingsError
from tablemend.records import Record

if TYPE_CHECKING:
    from tablemend.caching.cache import Captured, Fetched, QueryCache
    from tablemend.databases.database import Database

Reader = Callable[["Database", str, Mapping[str, Any] | None, float | None], pa.Table]
"""Reads a query with its parameters within seconds; a function with a name, which tells its results from others."""

KEPT = 1_024  # queries whose tables are remembered


class QueryResult(Record, frozen=True, kw_only=True):
    """What a query gave, where that was kept, and how old it is."""

    table: Any  # Arrow table
    age: float = 0.0  # seconds since the query that gave it began
    cached: str | None = None  # "process" or "redis"; None where the database was asked
    key: str = ""  # by which it is kept; "" where it is not
    uncached: str = ""  # why it is not kept, in words; "" where it is, or where nobody keeps anything


class Queries:
    """The way of all queries of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._identity = places.identity(database.url)
        self._lock = threading.Lock()
        self._ready = False
        self._catalogue: tuple[Catalogue, str, float] | None = None  # with the version of the schema, and when
        self._tables: dict[str, tuple[Catalogue, Tables]] = {}

    def query(
        self,
        sql: str,
        params: Mapping[str, Any] | None,
        ttl: float | None,
        timeout: float | None,
        reader: Reader | None,
    ) -> QueryResult:
        """See `Database.query`."""
        reader = reader or typed
        if ttl is not None and not (math.isfinite(ttl) and ttl >= 0):
            raise SettingsError(f"a ttl of {ttl} seconds cannot be", hint="Give 0 or more; 0 keeps nothing.")
        cache = self._database.cache
        if cache is None:
            return QueryResult(table=self._read(sql, params, timeout, reader))
        found, reason = self._fetched(cache, sql, params, ttl, timeout, reader)
        if found is not None:
            self._database.note("cache.misses" if found.cached is None else "cache.hits")
            if found.cached == "redis":
                self._database.note("cache.hits_redis")
            return QueryResult(table=found.table, age=found.age, cached=found.cached, key=found.key)
        cache.passed()
        self._database.note("cache.uncached")
        began = time.monotonic()
        table = self._read(sql, params, timeout, reader)
        return QueryResult(table=table, age=time.monotonic() - began, uncached=reason)

    def _fetched(
        self,
        cache: QueryCache,
        sql: str,
        params: Mapping[str, Any] | None,
        ttl: float | None,
        timeout: float | None,
        reader: Reader,
    ) -> tuple[Fetched | None, str]:
        """The result through the cache; or why it goes past it."""
        if (cache.limits.ttl if ttl is None else ttl) == 0:
            return None, "its ttl is 0"
        found = reading(sql, self._database.kind)
        if found.reason:
            return None, found.reason
        try:
            given = parameters(params)
        except TypeError as problem:
            return None, str(problem)
        if params and any(is_moment(each) for each in params.values()):
            return None, "a parameter may stand for the present moment"
        captured = self._captured(cache, sql, found)
        if isinstance(captured, str):
            return None, captured
        question = (f"{self._identity} {reader.__module__}.{reader.__qualname__}", found.text, given)
        work = lambda: self._read(sql, params, timeout, reader)  # noqa: E731
        return cache.fetch(captured, question, work, ttl=ttl, timeout=timeout), ""

    def _captured(self, cache: QueryCache, sql: str, found: Reading) -> Captured | str:
        """The versions of the tables that a query reads; or why its result cannot be kept."""
        for _ in range(3):
            known = self._catalogue
            if known is not None:
                tables = self._resolved(sql, found, known[0])
                captured = cache.capture(self._database.place, tables.names)
                if captured.schema == known[1] and time.monotonic() - known[2] <= max(cache.limits.ttl, 1.0):
                    return tables.reason or captured
            try:
                self._look(cache)
            except DatabaseError as problem:
                if type(problem) is not DatabaseError:  # what is wrong in earnest, the query tells
                    return "the catalogue of the database could not be read"
                # else something in it went while it was read, such as a view
        return "the tables of the database are being changed"

    def _resolved(self, sql: str, found: Reading, catalogue: Catalogue) -> Tables:
        known = self._tables.get(sql)
        if known is not None and known[0] is catalogue:
            return known[1]
        tables = tables_read(found, catalogue, self._database.kind)
        with self._lock:
            if len(self._tables) >= KEPT:
                self._tables.clear()
            self._tables[sql] = (catalogue, tables)
        return tables

    def catalogue(self) -> Catalogue:
        """What says whether a write to one table may change others."""
        cache, known = self._database.cache, self._catalogue
        if cache is None:
            return plain.catalogue(self._database)
        if known is not None and time.monotonic() - known[2] <= max(cache.limits.ttl, 1.0):
            captured = cache.capture(self._database.place, ())
            if captured.schema == known[1]:
                return known[0]
        return self._look(cache)

    def _look(self, cache: QueryCache) -> Catalogue:
        """Read the catalogue, under the version that its schema had before."""
        schema = cache.capture(self._database.place, ()).schema
        began = time.monotonic()
        found = plain.catalogue(self._database)
        self._catalogue = (found, schema, began)
        return found

    def _prepare(self) -> None:
        """Before the first query: what it takes to ask at all is not the time of a query."""
        if not self._ready:
            _prepared(self._database)
            self._ready = True

    def _read(self, sql: str, params: Mapping[str, Any] | None, timeout: float | None, reader: Reader) -> pa.Table:
        database = self._database
        reason = asking.refusal(sql, database.kind)
        if reason:
            raise AccessDenied(
                f"{database.name} is read-only here, and the query is not one that only reads: {reason}",
                hint="Write in a transaction: `with database.transaction() as connection`.",
            )
        plainly = asking.is_plain(sql, database.kind)
        self._prepare()
        began = time.perf_counter()
        table = reader(database if plainly else cast("Database", asking.Discarding(database)), sql, params, timeout)
        seconds = time.perf_counter() - began
        database.note("database.queries")
        if seconds >= database.slow_seconds:
            from tablemend.databases import slow

            database.note("database.slow_queries")
            slow.log(database, sql, params, seconds)
        return table


def _prepared(database: Database) -> None:
    """Load the driver and open a connection, which take longer than most queries."""
    from tablemend.databases.bulk import read

    del read
    with database.adbc(read_only=True) if database.kind == "postgresql" else database.connect(read_only=True):
        pass


def typed(database: Database, sql: str, params: Mapping[str, Any] | None, timeout: float | None) -> pa.Table:
    """The result of a query in the types of its columns."""
    from tablemend.databases.bulk.read import read

    return read(database, sql, params=params, timeout=timeout).read_all()
