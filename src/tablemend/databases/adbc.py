"""A bounded pool of ADBC connections to PostgreSQL: a new one costs about 50 ms."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

import sqlalchemy as sa

from tablemend.databases import failures, urls
from tablemend.databases.pool import Gate, PoolLimits
from tablemend.databases.statistics import Counters, Holders, PoolStatistics
from tablemend.errors import DatabaseError, Timeout

_PAUSE = 0.2  # seconds between two tries where other programs hold all connections of a server


class AdbcPool:
    """Connections that are used last in, first out."""

    def __init__(self, kind: str, url: sa.URL, limits: PoolLimits, purpose: str) -> None:
        """Take note of a URL; DatabaseError where it is not of PostgreSQL or the driver is missing."""
        if kind != "postgresql":
            raise DatabaseError(f"{kind} is not reached by ADBC here", hint="Use connect or transaction.")
        try:
            from adbc_driver_postgresql import dbapi
        except ModuleNotFoundError as problem:
            raise DatabaseError(
                "the ADBC driver of PostgreSQL is not installed",
                hint="Install it with: pip install 'tablemend[postgres]'.",
            ) from problem
        self._open = dbapi.connect
        self._uri = _uri(url)
        self._name = urls.shown(url)
        self._limits = limits
        self._gate = Gate(limits.maximum)
        self._counters = Counters()
        self.holders = Holders(purpose)
        self._idle: list[tuple[float, Any]] = []  # opened at, connection
        self._lock = threading.Lock()
        self._closed = False

    @contextmanager
    def connect(self) -> Iterator[Any]:
        """A connection that answers, rolled back and given back at the end; Timeout where none becomes free."""
        opened, connection = self._acquired()
        self.holders.add(connection)
        try:
            yield connection
        finally:
            self.holders.remove(connection)
            try:
                self._put_back(opened, connection)
            finally:
                self._gate.leave()

    def statistics(self) -> PoolStatistics:
        """What the pool has done so far."""
        return self._counters.statistics(maximum=self._gate.maximum, in_use=self._gate.inside)

    def close(self) -> None:
        """Close what is idle; one in use is closed when it is given back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for _, connection in idle:
            self._drop(connection)

    def _acquired(self) -> tuple[float, Any]:
        deadline = time.monotonic() + self._limits.timeout
        while True:
            self._enter(deadline - time.monotonic())
            found = None
            try:
                found = self._taken()
            except _errors() as problem:
                self._refused(problem, deadline)
            finally:
                if found is None:
                    self._gate.leave()
            if found is not None:
                return found

    def _enter(self, seconds: float) -> None:
        started = time.perf_counter()
        waited = self._gate.enter(seconds)
        if waited is None:
            self._counters.add(waits=1, wait_seconds=time.perf_counter() - started, timeouts=1)
            raise Timeout(
                f"no ADBC connection to {self._name} became free in {self._limits.timeout:g} s: "
                f"all {self._gate.maximum} are in use",
                hint="Raise the setting pool_max or pool_timeout, or give connections back sooner.",
            )
        if waited:
            self._counters.add(waits=1, wait_seconds=waited)

    def _refused(self, problem: Exception, deadline: float) -> None:
        """Wait where the server allows no more connections, as long as there is time; else raise."""
        left = deadline - time.monotonic()
        if failures.category(problem, "postgresql") != "crowded" or left <= 0:
            self._counters.add(failures=1)
            raise problem
        own = self._counters.open()
        self._gate.lower(own)
        if not own:  # nobody here can give one back
            time.sleep(min(left, _PAUSE))

    def _taken(self) -> tuple[float, Any]:
        while True:
            with self._lock:
                found = self._idle.pop() if self._idle else None
            if found is None:
                return self._opened()
            if time.monotonic() - found[0] < self._limits.recycle and _answers(found[1]):
                self._counters.add(acquisitions=1, hits=1)
                return found
            self._drop(found[1])

    def _opened(self) -> tuple[float, Any]:
        connection = self._open(self._uri)
        self._counters.opened()
        self._counters.add(acquisitions=1)
        return time.monotonic(), connection

    def _put_back(self, opened: float, connection: Any) -> None:
        try:
            connection.rollback()
        except _errors():  # broken: the caller has the reason already, or the next one gets a new connection
            self._drop(connection)
            return
        with self._lock:
            if not self._closed:
                self._idle.append((opened, connection))
                return
        self._drop(connection)

    def _drop(self, connection: Any) -> None:
        self._counters.closed()
        try:
            connection.close()
        except _errors():  # a broken connection cannot say goodbye
            return


def _uri(url: sa.URL) -> str:
    """The URL as libpq reads it, which takes neither a bare space nor a plus sign for one."""
    login = ":".join(quote(str(each), safe="") for each in (url.username, url.password) if each is not None)
    host = f"[{url.host}]" if url.host and ":" in url.host else url.host or ""
    port = f":{url.port}" if url.port else ""
    query = urlencode(list(url.query.items()), doseq=True, quote_via=quote)
    return f"postgresql://{login}{'@' if login else ''}{host}{port}/{quote(url.database or '', safe='')}?{query}"


def _answers(connection: Any) -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
        connection.rollback()
    except _errors():
        return False
    return True


def _errors() -> type[Exception]:
    from adbc_driver_manager import dbapi

    error: type[Exception] = dbapi.Error
    return error
