"""One database with its bounded pool: connections, transactions, statistics, leaks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Self

import sqlalchemy as sa

from tablemend.databases import failures, places, urls, writes
from tablemend.databases.dialects import DIALECTS
from tablemend.databases.pool import Gate, PoolLimits
from tablemend.databases.statistics import Counters, Holders, Leak, PoolStatistics
from tablemend.errors import DatabaseError, SettingsError, Timeout, Transient

if TYPE_CHECKING:
    from tablemend.caching.cache import QueryCache
    from tablemend.databases.adbc import AdbcPool
    from tablemend.databases.querying import Queries, QueryResult, Reader


class Database:
    """Connections to one database, opened when they are needed, never more than the limits allow; safe for threads.

    Errors of drivers leave the blocks of `connect` and `transaction` as DatabaseError and its kinds.
    """

    def __init__(
        self,
        url: str | sa.URL,
        *,
        limits: PoolLimits = PoolLimits(),  # noqa: B008
        purpose: str = "",
        cache: QueryCache | None = None,
        slow_seconds: float = 1.0,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Take note of a URL; nothing is opened. SettingsError where it is not understood or its driver missing.

        `cache` keeps the results of `query`; a query of `slow_seconds` and more is logged; `note` is told what counts.
        """
        self.url = urls.parse(url)[0] if isinstance(url, str) else urls.with_driver(url)
        self.kind = urls.kind(self.url)
        self.name = urls.shown(self.url)
        self.place = places.place(self.url)
        self.limits = limits
        self.cache = cache
        self.slow_seconds = slow_seconds
        self.note = note
        self._queries: Queries | None = None
        self._dialect = DIALECTS[self.kind]
        self._closing = ExitStack()
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._gate = Gate(limits.maximum)
        self._counters = Counters()
        self._holders = Holders(purpose)
        self._adbc: AdbcPool | None = None
        self._lowered = 0.0  # moment of the last refusal by a server that allows no more
        self._engine = self._made()

    def _made(self) -> sa.Engine:
        options = self._dialect.opening(self.url, self._closing)
        url = self.url.set(query={}) if "creator" in options else self.url  # which has read the query itself
        try:
            engine = sa.create_engine(
                url,
                poolclass=sa.QueuePool,
                pool_size=self.limits.maximum,
                max_overflow=0,  # the gate bounds the callers, so that none waits here
                pool_recycle=int(self.limits.recycle),
                pool_pre_ping=True,
                pool_use_lifo=True,  # those that are not needed go idle and are recycled
                **options,
            )
        except (ModuleNotFoundError, sa.exc.NoSuchModuleError) as problem:
            raise DatabaseError(
                f"the driver of {self._dialect.name} is not installed",
                hint=f"Install it with: pip install 'tablemend[{self._dialect.extra}]'.",
            ) from problem
        sa.event.listen(engine, "connect", self._counters.opened)
        sa.event.listen(engine, "close", self._counters.closed)
        sa.event.listen(engine, "close_detached", self._counters.closed)
        self._dialect.listen(engine)
        writes.watch(engine)
        return engine

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def connect(self, *, read_only: bool = False, timeout: float | None = None) -> Iterator[sa.Connection]:
        """A connection of the pool, rolled back and given back at the end.

        `read_only` is enforced by the database; `timeout` is the most seconds for each statement.
        """
        if read_only:
            with failures.translated(self.kind, self.url), self._acquired() as connection:
                self._adjust(connection, read_only=True, timeout=timeout)
                yield connection
            return
        with self._writing(timeout) as connection:
            yield connection

    @contextmanager
    def transaction(self, *, timeout: float | None = None) -> Iterator[sa.Connection]:
        """A connection whose changes are committed at the end, or all taken back where the block raises.

        After the block, no cache of this process gives a result from before it.
        """
        with self._writing(timeout) as connection:
            writing = connection.execution_options(tablemend_write=True)
            with writing.begin():
                yield writing

    @contextmanager
    def _writing(self, timeout: float | None) -> Iterator[sa.Connection]:
        with (
            writes.published(self) as written,  # when the connection is given back
            failures.translated(self.kind, self.url),
            self._acquired() as connection,
        ):
            self._adjust(connection, read_only=False, timeout=timeout)
            try:
                yield connection.execution_options(**{writes.OPTION: written})
            finally:
                writes.leave_nothing(self, connection, written)

    @contextmanager
    def adbc(self, *, read_only: bool = False, timeout: float | None = None) -> Iterator[Any]:
        """An ADBC connection of PostgreSQL, from a bounded pool of its own; rolled back and given back at the end.

        `read_only` and `timeout` are as in `connect`. DatabaseError for other kinds of database.
        """
        self._require_open()
        with ExitStack() as stack:
            if not read_only:
                stack.enter_context(writes.published(self)).anything()
            stack.enter_context(failures.translated(self.kind, self.url))
            connection = stack.enter_context(self._adbc_pool().connect())
            with connection.cursor() as cursor:
                if read_only:
                    cursor.execute("SET TRANSACTION READ ONLY")
                if timeout is not None:
                    cursor.execute(f"SET LOCAL statement_timeout = {max(1, round(timeout * 1000))}")
            yield connection

    def query(
        self,
        sql: str,
        params: Mapping[str, Any] | None = None,
        *,
        ttl: float | None = None,
        timeout: float | None = None,
        reader: Reader | None = None,
    ) -> QueryResult:
        """The result of a query as Arrow, from the cache where it holds it; parameters are written :name.

        `ttl` is the most seconds that the result may be old, by default those of the cache; 0 asks the database and
        keeps nothing. `timeout` is the most seconds for each statement, and for waiting for the same query of another
        thread. `reader` reads it in another way than in the types of its columns. AccessDenied for anything but one
        SELECT, WITH, VALUES, TABLE, SHOW or EXPLAIN, and for one that writes. Where it might change the session, its
        connection is closed afterwards. SettingsError for a ttl that is no number of seconds, and for a parameter that
        is not in the query or not given.
        """
        if ttl is not None and not isinstance(ttl, int | float):
            raise SettingsError(f"a ttl is a number of seconds, not {ttl!r}", hint="Give 0 or more; 0 keeps nothing.")
        return self.queries.query(sql, params, ttl, timeout, reader)

    @property
    def queries(self) -> Queries:
        """The way of all queries through the cache."""
        if self._queries is None:
            from tablemend.databases.querying import Queries

            with self._lock:
                self._queries = self._queries or Queries(self)
        return self._queries

    def caches(self) -> list[QueryCache]:
        """Every cache that may hold results of this database: those of this process."""
        import sys

        module = sys.modules.get("tablemend.caching.cache")  # where nobody has loaded it, there is none
        live = getattr(module, "live", list)  # another thread may be loading it
        found: list[QueryCache] = live()
        return found

    def open_minimum(self) -> int:
        """Open connections ahead until there are as many as the limits ask for; how many were opened."""
        with failures.translated(self.kind, self.url), ExitStack() as held:
            self._require_open()
            before = self._counters.opened_here()
            while self._counters.open() < self.limits.minimum and self._gate.enter(0) is not None:
                held.callback(self._gate.leave)  # all are held until the last is there: a free one would be taken again
                self._open_ahead(held)
            return self._counters.opened_here() - before

    def _open_ahead(self, held: ExitStack) -> None:
        before = self._counters.opened_here()
        try:
            held.enter_context(self._engine.connect())
        finally:
            self._counters.add(opened_ahead=self._counters.opened_here() - before)

    def statistics(self) -> PoolStatistics:
        """What the pool has done so far."""
        return self._counters.statistics(maximum=self._gate.maximum, in_use=self._gate.inside)

    def adbc_statistics(self) -> PoolStatistics | None:
        """What the pool of ADBC connections has done so far; None where there is none."""
        return self._adbc.statistics() if self._adbc else None

    def leaks(self, *, older_than: float) -> list[Leak]:
        """Connections held for more than so many seconds, the longest first."""
        found = self._holders.leaks(older_than=older_than)
        return found + (self._adbc.holders.leaks(older_than=older_than) if self._adbc else [])

    @staticmethod
    def raw(connection: sa.Connection) -> Any:
        """The connection of the driver."""
        return connection.connection.driver_connection

    def cancel(self, connection: sa.Connection) -> bool:
        """Break off what another thread runs on a connection; False where the database cannot, but by its timeout."""
        if self._dialect.cancel is None:
            return False
        with failures.translated(self.kind, self.url):
            self._dialect.cancel(connection)
        return True

    @property
    def dialect(self) -> sa.Dialect:
        """What SQLAlchemy knows of this kind of database: quoting, compiling."""
        return self._engine.dialect

    @property
    def guards_reading(self) -> bool:
        """Whether the database itself can keep a connection from writing."""
        return self._dialect.guards_reading

    def close(self) -> None:
        """Close every connection; one in use is closed when it is given back."""
        self._closed.set()
        self._engine.dispose()
        if self._adbc is not None:
            self._adbc.close()
        if not self._gate.inside:
            self._closing.close()

    @contextmanager
    def _acquired(self) -> Iterator[sa.Connection]:
        connection = self._acquire()
        self._holders.add(connection)
        try:
            yield connection
        except Exception as problem:
            if failures.category(problem, self.kind) == "lost" and not connection.invalidated:
                connection.invalidate()  # SQLAlchemy does not see what happens on the connection of the driver
            raise
        finally:
            self._holders.remove(connection)
            self._release(connection)

    def _release(self, connection: sa.Connection) -> None:
        try:
            if self._closed.is_set() and not connection.invalidated:
                connection.invalidate()
            connection.close()
        finally:
            self._gate.leave()
            if self._closed.is_set():
                self.close()

    def _acquire(self) -> sa.Connection:
        deadline = time.monotonic() + self.limits.timeout
        while True:
            self._require_open()
            self._widen()
            self._enter(deadline - time.monotonic())
            before = self._counters.opened_here()
            connection = None
            try:
                connection = self._engine.connect()
            except sa.exc.DBAPIError as problem:
                self._refused(problem, deadline)
            finally:
                if connection is None:
                    self._gate.leave()
            if connection is not None:
                self._counters.add(acquisitions=1, hits=self._counters.opened_here() == before)
                return connection

    def _widen(self) -> None:
        """Try one connection more where the last refusal is long ago; another one would only lower it again."""
        if self._gate.maximum < self.limits.maximum and time.monotonic() - self._lowered > _RETRY:
            self._lowered = time.monotonic()
            self._gate.widen(self.limits.maximum)

    def _enter(self, seconds: float) -> None:
        started = time.perf_counter()
        waited = self._gate.enter(seconds)
        if waited is None:
            self._counters.add(waits=1, wait_seconds=time.perf_counter() - started, timeouts=1)
            fewer = self._gate.maximum < self.limits.maximum
            raise Timeout(
                f"no connection to {self.name} became free in {self.limits.timeout:g} s: "
                f"{_held(self._gate.maximum, self._holders.leaks())}"
                + (f"; the server allows fewer than pool_max, {self.limits.maximum}" if fewer else ""),
                hint="Raise the setting pool_max or pool_timeout, or give connections back sooner.",
            )
        if waited:
            self._counters.add(waits=1, wait_seconds=waited)

    def _refused(self, problem: BaseException, deadline: float) -> None:
        """Wait where the server allows no more connections, as long as there is time; else raise."""
        if failures.category(problem, self.kind) != "crowded":
            self._counters.add(failures=1)
            raise problem
        own = self._counters.open()
        self._gate.lower(own)
        self._lowered = time.monotonic()
        left = deadline - time.monotonic()
        if left <= 0:
            self._counters.add(failures=1)
            raise Transient(
                f"{self.name} allows no more connections: {own} of them are held here, where the setting pool_max "
                f"allows {self.limits.maximum}; waited {self.limits.timeout:g} s",
                hint="Lower pool_max, close other clients, or raise the limit of the server.",
            ) from problem
        if not own:  # nobody here can give one back
            self._closed.wait(min(left, _PAUSE))

    def _adjust(self, connection: sa.Connection, **wanted: Any) -> None:
        """Make the connection read-only or not, and limit its statements, where it is not so already."""
        change = {"read_only": self._dialect.read_only, "timeout": self._dialect.timeout}
        for name, value in wanted.items():
            key = f"tablemend_{name}"
            if connection.info.get(key, _AS_OPENED[name]) != value:
                connection.info[key] = object()  # until the change is known to have worked
                change[name](connection, value)
                connection.info[key] = value

    def _adbc_pool(self) -> AdbcPool:
        from tablemend.databases.adbc import AdbcPool

        with self._lock:
            if self._adbc is None:
                self._adbc = AdbcPool(self.kind, self.url, self.limits, self._holders.purpose)
            return self._adbc

    def _require_open(self) -> None:
        if self._closed.is_set():
            raise DatabaseError(f"{self.name} was closed here", hint="Open it anew.")


_AS_OPENED: dict[str, Any] = {"read_only": False, "timeout": None}
_RETRY = 60.0  # seconds after which a pool that was lowered tries one connection more
_PAUSE = 0.2  # seconds between two tries where other programs hold all connections of a server


def _held(maximum: int, held: list[Leak]) -> str:
    if not held:
        return f"all {maximum} were in use"
    where = f" at {held[0].stack[0]}" if held[0].stack else ""
    return f"all {maximum} are in use, the longest for {held[0].seconds:.1f} s by thread {held[0].thread}{where}"
