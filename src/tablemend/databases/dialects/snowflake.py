"""Snowflake, by its own connector; not run against a server by the tests."""

from __future__ import annotations

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
            "Snowflake has no read-only transactions", hint="Connect with a role that may only read, not read_only."
        )


def _timeout(connection: sa.Connection, seconds: float | None) -> None:
    name = "STATEMENT_TIMEOUT_IN_SECONDS"
    limit = f"UNSET {name}" if seconds is None else f"SET {name} = {max(1, round(seconds))}"
    outside(connection, f"ALTER SESSION {limit}")


def _codes(problem: BaseException) -> tuple[str, ...]:
    number = getattr(problem, "errno", None)
    return (str(number),) if isinstance(number, int) and number > 0 else ()


DIALECT = Dialect(
    name="Snowflake",
    extra="snowflake",
    url="snowflake://user@account/shop/sales#orders",
    driver="snowflake-sqlalchemy",
    guard="nothing: `read_only` is refused",
    limit="`STATEMENT_TIMEOUT_IN_SECONDS`",
    verified="no: unverified",
    opening=_opening,
    read_only=_read_only,
    guards_reading=False,
    timeout=_timeout,
    codes=_codes,
    rules=rules(
        denied="250001 390100 390102 390144 3001",
        missing="2003 2043 904",
        unreachable="250003 251011",
        timeout="604 630",
        transient="625",
        not_null="100072",
        texts={},
    ),
)
