"""The one door to the state database: opening, transactions, bulk writes, cached reads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import sqlalchemy as sa

from tablemend.errors import StateError
from tablemend.store import dialects, schema
from tablemend.store.reads import Reads

T = TypeVar("T")


class Database:
    """Connections to the state; safe for threads and processes.

    `transaction()` writes: it takes the write lock at once, so that two writers queue instead of failing half way.
    A transaction inside a transaction is a savepoint.
    """

    def __init__(self, where: str | Path, *, prepare: bool = True) -> None:
        """Open a URL, or a path of SQLite, and make or update its tables unless told not to.

        StateError where it holds something else or cannot be reached.
        """
        self.url = dialects.url(where)
        self.dialect = dialects.of(self.url)
        self.reads = Reads()
        self._local = threading.local()
        self._writing = threading.Lock()  # threads queue here: in the database they would queue less fairly
        self._engine = dialects.engine(self.url, self.dialect)
        self._reader = self._engine.execution_options(**self.dialect.reading)
        try:
            if prepare:
                self._prepare()
        except BaseException as problem:
            self.close()
            if isinstance(problem.__cause__, sa.exc.OperationalError):
                problem = problem.__cause__
            if isinstance(problem, sa.exc.DatabaseError):
                raise StateError(
                    f"the state {self.name} cannot be opened: {_reason(problem)}", hint=self.dialect.hint
                ) from problem
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def name(self) -> str:
        """Where the state is, without its password."""
        return dialects.shown(self.url)

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Write: all or nothing; nested calls are savepoints. StateError where the write lock cannot be had."""
        current = self._current()
        if current is not None:
            with current.begin_nested():
                yield current
            return
        with self.exclusively() as connection:
            yield connection
            connection.exec_driver_sql(_COUNT)

    @contextmanager
    def uncounted(self) -> Iterator[sa.Connection]:
        """Write what no cached read depends on, such as progress: the counter of writes stays."""
        current = self._current()
        if current is not None:
            with current.begin_nested():
                yield current
            return
        with self.exclusively() as connection:
            yield connection

    @contextmanager
    def exclusively(self) -> Iterator[sa.Connection]:
        """Write while the tables themselves may change; for all else there is `transaction`."""
        with self._translated("written"), self._turn(), self._begun() as connection:
            self._local.connection = connection
            try:
                yield connection
            finally:
                self._local.connection = None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """The turn of this thread to write; StateError where it does not come as long as a lock is waited for."""
        if not self._writing.acquire(timeout=max(dialects.BUSY_SECONDS, 1)):
            raise StateError(
                f"the state {self.name} cannot be written now: others wait to write before",
                hint="Nothing of it was kept. See who else holds the state, and try again.",
            )
        try:
            yield
        finally:
            self._writing.release()

    @contextmanager
    def _translated(self, verb: str) -> Iterator[None]:
        """Say in words where the database itself fails: a full disk, a lost connection, a lock that is held."""
        try:
            yield
        except sa.exc.OperationalError as problem:
            raise StateError(
                f"the state {self.name} cannot be {verb} now: {_reason(problem)}",
                hint="Nothing of it was kept. See to the disk, the server or who else holds it, and try again.",
            ) from problem

    @contextmanager
    def _begun(self) -> Iterator[sa.Connection]:
        with self._engine.connect().execution_options(tablemend_write=True) as connection, connection.begin():
            if self.dialect.lock:
                connection.exec_driver_sql(self.dialect.lock)
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Read one consistent state; inside a transaction, its own."""
        current = self._current()
        if current is not None:
            yield current
            return
        with self._translated("read"), self._reader.connect() as connection, connection.begin():
            yield connection

    def recall(self, key: Hashable, load: Callable[[sa.Connection], T]) -> T:
        """What `load` reads, kept until the next write of anybody; inside a transaction always read anew."""
        current = self._current()
        if current is not None:
            return load(current)
        with self.reading() as connection:
            return self.reads.get(key, _written(connection), lambda: load(connection))

    def written(self) -> int:
        """The counter that every write moves on."""
        with self.reading() as connection:
            return _written(connection)

    def insert(
        self, connection: sa.Connection, table: sa.Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Insert many rows in a transaction by the fastest way of the database."""
        if rows:
            self.dialect.insert(connection, table.name, [self._quoted(name) for name in columns], rows)

    def _quoted(self, name: str) -> str:
        return self._engine.dialect.identifier_preparer.quote(name)

    def _current(self) -> sa.Connection | None:
        return getattr(self._local, "connection", None)

    def compact(self) -> None:
        """Give the space of deleted rows back, where the database does not do so by itself."""
        if self.dialect.compact:
            with self._writing, self._engine.connect() as connection:
                driver: Any = connection.connection.driver_connection
                driver.execute(self.dialect.compact)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _prepare(self) -> None:
        """Make the tables, or lead older ones to this version, in one transaction."""
        found = self._version()
        if found == schema.VERSION:
            return
        with self.exclusively() as connection:
            self._make(connection, self._version())

    def _make(self, connection: sa.Connection, found: str | None) -> None:
        if found is None:
            schema.metadata.create_all(connection)
            connection.execute(schema.version_table.insert().values(version_num=schema.VERSION))
            connection.execute(schema.counters.insert().values(name=schema.WRITES, value=0))
        elif found != schema.VERSION:
            from tablemend.store import migrate

            migrate.upgrade(connection, found)

    def _version(self) -> str | None:
        with self.reading() as connection:
            if not sa.inspect(connection).has_table(schema.version_table.name):
                return None
            return connection.execute(sa.select(schema.version_table.c.version_num)).scalar()


_COUNT = f"UPDATE counters SET value = value + 1 WHERE name = '{schema.WRITES}'"
_COUNTED = f"SELECT value FROM counters WHERE name = '{schema.WRITES}'"


def _written(connection: sa.Connection) -> int:
    return int(connection.exec_driver_sql(_COUNTED).scalar_one())


def _reason(problem: sa.exc.DatabaseError) -> str:
    return " ".join(str(problem.orig).split())
