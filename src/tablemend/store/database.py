"""The one door to the state database: opening, transactions."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tablemend.errors import StateError
from tablemend.store import schema

_BUSY_SECONDS = 30


class Database:
    """Connections to the state; safe for threads and processes.

    `transaction()` writes: it takes the write lock at once, so that two writers queue instead of failing half way.
    A transaction inside a transaction is a savepoint.
    """

    def __init__(self, where: str | Path) -> None:
        """Open a URL, or a path of SQLite; StateError where it holds something else."""
        self.url = sa.URL.create("sqlite", database=str(where)) if isinstance(where, Path) else sa.make_url(where)
        self._local = threading.local()
        self._engine = sa.create_engine(self.url, **self._options())
        if self.url.get_backend_name() == "sqlite":
            sa.event.listen(self._engine, "connect", _prepare_sqlite)
            sa.event.listen(self._engine, "begin", _begin_sqlite)
        try:
            self._prepare()
        except sa.exc.DatabaseError as problem:
            self.close()
            raise StateError(
                f"the state {self.url.render_as_string(hide_password=True)} cannot be opened: {problem.orig}",
                hint="Choose another folder with TABLEMEND_DATA, or move the file away.",
            ) from problem

    def _options(self) -> dict[str, Any]:
        if self.url.get_backend_name() == "sqlite":
            return {"connect_args": {"timeout": _BUSY_SECONDS, "check_same_thread": False}}
        return {"pool_pre_ping": True}

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Write: all or nothing; nested calls are savepoints."""
        current: sa.Connection | None = getattr(self._local, "connection", None)
        if current is not None:
            with current.begin_nested():
                yield current
            return
        with self._engine.connect().execution_options(tablemend_write=True) as connection, connection.begin():
            self._local.connection = connection
            try:
                yield connection
            finally:
                self._local.connection = None

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Read one consistent state; inside a transaction, its own."""
        current: sa.Connection | None = getattr(self._local, "connection", None)
        if current is not None:
            yield current
            return
        with self._engine.connect() as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _prepare(self) -> None:
        found = self._version()
        if found == schema.VERSION:
            return
        with self.transaction() as connection:
            found = self._version()
            if found == schema.VERSION:
                return
            if found is None:
                schema.metadata.create_all(connection)
                connection.execute(schema.version_table.insert().values(version_num=schema.VERSION))
                return
        raise StateError(
            f"the state was written by another version of tablemend (schema {found}, this one knows {schema.VERSION})",
            hint="Install that version, or choose another folder with TABLEMEND_DATA.",
        )

    def _version(self) -> str | None:
        with self.reading() as connection:
            if not sa.inspect(connection).has_table(schema.version_table.name):
                return None
            return connection.execute(sa.select(schema.version_table.c.version_num)).scalar()


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions are begun below, with the lock that is needed
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}")
    if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    write = connection.get_execution_options().get("tablemend_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
