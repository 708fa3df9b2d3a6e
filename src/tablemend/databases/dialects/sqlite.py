"""SQLite, by the module of Python."""

from __future__ import annotations

import sqlite3
import time
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from tablemend.databases.dialects.dialect import Dialect, Rule, mode, rules
from tablemend.errors import SettingsError

BUSY_SECONDS = 30
"""Longest wait for a lock that another connection holds."""

STEPS = 10_000
"""Instructions of SQLite between two looks at the clock: about 0.1 ms."""


def _opening(url: sa.URL, _: ExitStack) -> dict[str, Any]:
    if not url.database or url.database == ":memory:":
        raise SettingsError("an SQLite database in memory is nobody else's to reach", hint="Name a file.")
    where = f"file:{quote(url.database)}?mode={mode(url)}"  # a name with a mistake must not make a new, empty database

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(where, uri=True, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None)

    return {"creator": connect}


def _listen(engine: sa.Engine) -> None:
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "begin", _begin)
    sa.event.listen(engine, "before_cursor_execute", _start)


def _prepare(connection: Any, _: object) -> None:
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: sa.Connection) -> None:
    writing = connection.get_execution_options().get("tablemend_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _start(connection: sa.Connection, *_: object) -> None:
    seconds = connection.info.get("timeout")
    if seconds is not None:
        connection.info["deadline"] = time.monotonic() + seconds


def _read_only(connection: sa.Connection, on: bool) -> None:
    driver: Any = connection.connection.driver_connection
    driver.execute(f"PRAGMA query_only = {'ON' if on else 'OFF'}")


def _timeout(connection: sa.Connection, seconds: float | None) -> None:
    driver: Any = connection.connection.driver_connection
    info = connection.info
    info["timeout"] = seconds
    if seconds is None:
        driver.set_progress_handler(None, 0)
    else:
        info["deadline"] = time.monotonic() + seconds
        driver.set_progress_handler(lambda: time.monotonic() > info["deadline"], STEPS)


def _cancel(connection: sa.Connection) -> None:
    driver: Any = connection.connection.driver_connection
    driver.interrupt()


def _codes(problem: BaseException) -> tuple[str, ...]:
    return (str(getattr(problem, "sqlite_errorname", "")),)


DIALECT = Dialect(
    name="SQLite",
    extra="",
    url="sqlite:///shop.db#orders",
    driver="sqlite3",
    guard="`PRAGMA query_only`",
    limit="a progress handler",
    verified="yes",
    opening=_opening,
    read_only=_read_only,
    timeout=_timeout,
    codes=_codes,
    cancel=_cancel,
    listen=_listen,
    rules=rules(
        Rule(category="missing", codes=("SQLITE_ERROR",), text=r"^no such (table|column)|has no column named"),
        unique="SQLITE_CONSTRAINT_UNIQUE SQLITE_CONSTRAINT_PRIMARYKEY SQLITE_CONSTRAINT_ROWID",
        foreign_key="SQLITE_CONSTRAINT_FOREIGNKEY",
        not_null="SQLITE_CONSTRAINT_NOTNULL",
        check="SQLITE_CONSTRAINT_CHECK SQLITE_CONSTRAINT_DATATYPE",
        read_only="SQLITE_READONLY",
        transient="SQLITE_BUSY SQLITE_LOCKED",
        unopened="SQLITE_CANTOPEN",
        timeout="SQLITE_INTERRUPT",
        data="SQLITE_MISMATCH SQLITE_TOOBIG",
        full="SQLITE_FULL SQLITE_IOERR",
        damaged="SQLITE_CORRUPT SQLITE_NOTADB",
        denied="SQLITE_PERM SQLITE_AUTH",
        texts={},
    ),
)
