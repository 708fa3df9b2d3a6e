"""Microsoft SQL Server, by the driver of Microsoft; not run against a server by the tests."""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import Any

import sqlalchemy as sa

from tablemend.databases.dialects.dialect import Dialect, outside, rules
from tablemend.errors import SettingsError


def _opening(_: sa.URL, __: ExitStack) -> dict[str, Any]:
    return {}


def _read_only(_: sa.Connection, on: bool) -> None:
    if on:
        raise SettingsError(
            "SQL Server has no read-only transactions",
            hint="Connect as a user who may only read, and not with read_only.",
        )


def _timeout(connection: sa.Connection, seconds: float | None) -> None:
    """A limit on waiting for locks: the server has none on the whole of a statement."""
    outside(connection, f"SET LOCK_TIMEOUT {-1 if seconds is None else max(1, round(seconds * 1000))}")


def _codes(problem: BaseException) -> tuple[str, ...]:
    found = re.search(r"\((\d{2,5})\)", str(problem))  # the number of the server stands in the text
    return (found[1],) if found else ()


DIALECT = Dialect(
    name="SQL Server",
    extra="mssql",
    url="mssql://user@host/shop#dbo.orders",
    driver="mssql-python",
    guard="nothing: `read_only` is refused",
    limit="waiting for locks only: `LOCK_TIMEOUT`",
    verified="no: unverified",
    opening=_opening,
    read_only=_read_only,
    guards_reading=False,
    timeout=_timeout,
    codes=_codes,
    rules=rules(
        denied="18456 229 230 262 916",
        missing="208 207 4060",
        crowded="17809 10928",
        transient="1205 3960",
        timeout="1222",
        unique="2627 2601",
        foreign_key="547",
        not_null="515",
        full="1105 9002",
        read_only="3906",
        texts={"unreachable": r"[Ll]ogin timeout|server was not found|refused|network-related"},
    ),
)
