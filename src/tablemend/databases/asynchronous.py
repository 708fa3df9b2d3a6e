"""A database for asyncio: each call in a thread of its own, a bounded number at once, usable inside a running loop."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from datetime import time as clock
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar

import pyarrow as pa
import sqlalchemy as sa

from tablemend.databases.database import Database
from tablemend.databases.pool import PoolLimits

if TYPE_CHECKING:
    from tablemend.caching.cache import QueryCache

P = ParamSpec("P")
T = TypeVar("T")


class AsyncDatabase:
    """One database; as many calls at once as its pool has connections, the others wait without blocking the loop."""

    def __init__(
        self,
        url: str | sa.URL,
        *,
        limits: PoolLimits = PoolLimits(),  # noqa: B008
        purpose: str = "",
        cache: QueryCache | None = None,
    ) -> None:
        """Take note of a URL; nothing is opened. `cache` keeps the results of `read`."""
        self.database = Database(url, limits=limits, purpose=purpose, cache=cache)
        self._threads = ThreadPoolExecutor(limits.maximum, thread_name_prefix="tablemend-database")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def read(
        self,
        sql: str,
        parameters: dict[str, Any] | None = None,
        *,
        ttl: float | None = None,
        timeout: float | None = None,
    ) -> pa.Table:
        """The result of a query as Arrow, its types from the values; parameters are written :name.

        The connection is read-only where the database can enforce it. `ttl` is as in `Database.query`.
        """
        return await self.call(_cached, sql, parameters or {}, ttl, timeout)

    async def call(self, function: Callable[Concatenate[Database, P], T], *given: P.args, **named: P.kwargs) -> T:
        """What a function makes of the database, such as `introspection.tables`; it runs in a thread."""
        work = functools.partial(function, self.database, *given, **named)
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def close(self) -> None:
        """Wait for the calls at work, then close every connection."""
        await asyncio.to_thread(self._threads.shutdown)
        self.database.close()


def _cached(
    database: Database, sql: str, parameters: dict[str, Any], ttl: float | None, timeout: float | None
) -> pa.Table:
    return database.query(sql, parameters, ttl=ttl, timeout=timeout, reader=by_values).table


def by_values(database: Database, sql: str, parameters: Mapping[str, Any] | None, timeout: float | None) -> pa.Table:
    """The result of a query in the types of its values."""
    with database.connect(read_only=database.guards_reading, timeout=timeout) as connection:
        result = connection.execute(sa.text(sql), dict(parameters or {}))
        rows, names = result.all(), list(result.keys())
    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    return pa.table([pa.array([_value(each) for each in column]) for column in columns], names=names)


def _value(given: Any) -> Any:
    """A value that Arrow has a type for; documents as JSON, and others, such as UUIDs and addresses, as text."""
    if isinstance(given, dict):
        return json.dumps(given, ensure_ascii=False)
    if isinstance(given, list):
        return [_value(each) for each in given]
    return given if given is None or isinstance(given, _KNOWN) else str(given)


_KNOWN = (bool, int, float, str, bytes, Decimal, date, clock, timedelta)
