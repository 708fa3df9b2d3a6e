"""PostgreSQL, by psycopg 3."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import sqlalchemy as sa

from tablemend.databases.dialects.dialect import Dialect, defaults, rules

CONNECT_SECONDS = 10
"""Longest wait for a server that does not answer."""

CANCEL_SECONDS = 5
"""Longest wait for a server to take note of a cancellation."""


def _opening(url: sa.URL, _: ExitStack) -> dict[str, Any]:
    return {"connect_args": defaults(url, connect_timeout=CONNECT_SECONDS, application_name="tablemend")}


def _outside(connection: sa.Connection, statement: str) -> None:
    driver: Any = connection.connection.driver_connection
    driver.autocommit = True  # inside a transaction, a rollback would take it back
    try:
        driver.execute(statement)
    finally:
        driver.autocommit = False


def _read_only(connection: sa.Connection, on: bool) -> None:
    setting = "default_transaction_read_only"
    _outside(connection, f"SET {setting} = on" if on else f"RESET {setting}")


def _timeout(connection: sa.Connection, seconds: float | None) -> None:
    limit = "RESET statement_timeout" if seconds is None else f"SET statement_timeout = {max(1, round(seconds * 1000))}"
    _outside(connection, limit)


def _cancel(connection: sa.Connection) -> None:
    driver: Any = connection.connection.driver_connection
    driver.cancel_safe(timeout=CANCEL_SECONDS)


def _codes(problem: BaseException) -> tuple[str, ...]:
    state = getattr(problem, "sqlstate", None)
    return (str(state),) if state else ()


DIALECT = Dialect(
    name="PostgreSQL",
    extra="postgres",
    url="postgresql://user@host/shop#sales.orders",
    driver="psycopg",
    guard="`default_transaction_read_only`",
    limit="`statement_timeout`",
    verified="yes",
    opening=_opening,
    read_only=_read_only,
    timeout=_timeout,
    codes=_codes,
    cancel=_cancel,
    rules=rules(
        denied="28 42501",
        missing="3D000 3F000 42P01 42703",
        crowded="53300",
        full="53100",
        timeout="57014 55P03 25P03",
        transient="40001 40P01",
        lost="57P 08 25P04",
        unique="23505 23P01",
        foreign_key="23503",
        not_null="23502",
        check="23514",
        data="22",
        read_only="25006",
        # neither a connection that could not be made nor ADBC while it fetches has a code
        texts={
            "timeout": r"canceling statement due to",
            "crowded": r"too many (clients|connections)|remaining connection slots",
            "denied": r"authentication failed|no pg_hba\.conf entry|no password supplied|role \".*\" does not exist"
            r"|permission denied for database|is not permitted to log in",
            "missing": r"database \".*\" does not exist",
            "lost": r"server closed the connection|terminating connection|connection (is lost|already closed|is closed)"
            r"|consuming input failed|no connection to the server|could not (send|receive) data",
            "full": r"[Nn]o space left",
            "unreachable": r"[Cc]onnection refused|timeout expired|timed out|could not translate|failed to resolve"
            r"|[Nn]o route|Name or service|No such file|is the server running|starting up|shutting down"
            r"|[Cc]onnection failed|[Ff]ailed to connect|unreachable",
        },
    ),
)
