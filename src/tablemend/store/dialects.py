"""What the databases of the state differ in: one record for each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec
import sqlalchemy as sa

from tablemend.errors import StateError
from tablemend.records import Record

BUSY_SECONDS = 60
"""Longest wait for the write lock of SQLite, which other processes may hold one after another."""

Insert = Callable[[sa.Connection, str, Sequence[str], Sequence[tuple[Any, ...]]], None]


class Dialect(Record, frozen=True, kw_only=True):
    """How one kind of database is opened, locked and filled."""

    options: dict[str, Any]  # of the engine
    reading: dict[str, Any]  # execution options of a transaction that only reads
    lock: str  # statement that takes the write lock, where beginning does not
    among: str  # true where {column} is one of the texts bound to :members
    bind: Callable[[list[str]], Any]  # texts as the database takes them for `among`
    insert: Insert
    hint: str  # what to do where the state cannot be opened
    listen: Callable[[sa.Engine], None] = lambda _: None
    renumber: Callable[[sa.Connection], None] = lambda _: None  # let numbers go on after rows that came with theirs
    verify: Callable[[sa.Connection], list[str]] = lambda _: []  # damage that the database finds in itself
    compact: str = ""  # statement that gives the space of deleted rows back, outside a transaction

    def within(self, column: str, texts: Iterable[str]) -> sa.ColumnElement[bool]:
        """True where a column is one of the texts, however many there are."""
        test = sa.text(self.among.format(column=column)).bindparams(members=self.bind(list(texts)))
        return cast("sa.ColumnElement[bool]", test)


def url(where: str | Path) -> sa.URL:
    """The URL of a state: a path is a file of SQLite."""
    if isinstance(where, Path):
        return sa.URL.create("sqlite", database=str(where))
    try:
        made = sa.make_url(where)
    except (sa.exc.ArgumentError, ValueError):  # whose messages may hold a part of the password
        raise StateError(
            "the setting store_url is not a URL", hint="Write it like postgresql://user@host/database."
        ) from None
    if made.get_backend_name() in ("postgres", "postgresql") and not (made.database or made.query.get("dbname")):
        raise StateError(
            "the setting store_url names no database", hint="Write it like postgresql://user@host/database."
        )
    return made.set(drivername="postgresql") if made.drivername == "postgres" else made


_SECRET = re.compile(r"pass(word|wd|phrase|file)?$|^pwd$|token|secret", re.IGNORECASE)


def shown(target: sa.URL) -> str:
    """A URL without what is secret in it."""
    hidden = {key: "***" for key in target.query if _SECRET.search(key)}
    return target.update_query_dict(hidden).render_as_string(hide_password=True)


def of(target: sa.URL) -> Dialect:
    """The dialect of a URL; StateError where the state cannot be kept there."""
    name = target.get_backend_name()
    if name not in DIALECTS:
        raise StateError(
            f"the state cannot be kept in {name}", hint=f"It is kept in one of {', '.join(sorted(DIALECTS))}."
        )
    return DIALECTS[name]


def engine(target: sa.URL, dialect: Dialect) -> sa.Engine:
    """A new engine; StateError where the driver is not installed."""
    try:
        made = sa.create_engine(target, **dialect.options)
    except ModuleNotFoundError as problem:
        raise StateError(
            f"the driver {problem.name} is not installed", hint="Install it with: pip install 'tablemend[postgres]'."
        ) from problem
    dialect.listen(made)
    return made


def _listen_sqlite(made: sa.Engine) -> None:
    sa.event.listen(made, "connect", _prepare_sqlite)
    sa.event.listen(made, "begin", _begin_sqlite)


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions are begun below, with the lock that is needed
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA cache_size = -32768")  # 32 MB: the default of 2 MB thrashes from 100,000 items on
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    write = connection.get_execution_options().get("tablemend_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _insert_sqlite(
    connection: sa.Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    places = ", ".join("?" * len(columns))
    connection.exec_driver_sql(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", list(rows))


def _insert_postgresql(
    connection: sa.Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    import psycopg

    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.IntegrityError as problem:
        raise sa.exc.IntegrityError(f"COPY {table}", None, problem) from problem
    except psycopg.DataError as problem:
        raise sa.exc.DataError(f"COPY {table}", None, problem) from problem


def _renumber_postgresql(connection: sa.Connection) -> None:
    for table in sa.inspect(connection).get_table_names():
        columns = [each["name"] for each in sa.inspect(connection).get_columns(table)]
        sequence = "seq" in columns and connection.scalar(
            sa.text("SELECT pg_get_serial_sequence(:of, 'seq')"), {"of": table}
        )
        if sequence:
            statement = f"SELECT setval('{sequence}', coalesce(max(seq), 0) + 1, false) FROM {table}"
            connection.exec_driver_sql(statement)


def _verify_sqlite(connection: sa.Connection) -> list[str]:
    found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check") if row[0] != "ok"]
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    return found + [f"row {row[1]} of {row[0]} points at a row of {row[2]} that is not there" for row in orphans]


DIALECTS = {
    "sqlite": Dialect(
        options={"connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False}},
        reading={},
        lock="",  # BEGIN IMMEDIATE takes it
        among="{column} IN (SELECT value FROM json_each(:members))",
        bind=lambda texts: msgspec.json.encode(texts).decode(),
        insert=_insert_sqlite,
        hint="Choose another folder with TABLEMEND_DATA, or move the file away.",
        listen=_listen_sqlite,
        verify=_verify_sqlite,
        compact="VACUUM",
    ),
    "postgresql": Dialect(
        options={"pool_pre_ping": True},
        reading={"isolation_level": "REPEATABLE READ"},
        lock="SELECT pg_advisory_xact_lock(hashtext('tablemend ' || current_schema()))",
        among="{column} = ANY(CAST(:members AS text[]))",
        bind=lambda texts: texts,
        insert=_insert_postgresql,
        renumber=_renumber_postgresql,
        hint="Check the setting store_url, and whether the server runs and lets you in.",
    ),
}
"""Writers take one lock for the whole state: each sees what the one before it left, as on SQLite."""
