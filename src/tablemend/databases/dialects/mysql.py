"""MySQL and MariaDB, by PyMySQL."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import base

from tablemend.databases.dialects.dialect import Dialect, defaults, outside, rules

SPATIAL = (
    *("geometry", "point", "linestring", "polygon"),
    *("multipoint", "multilinestring", "multipolygon", "geometrycollection"),
)
for _name in (*SPATIAL, "inet4", "inet6", "uuid"):
    base.ischema_names.setdefault(_name, sa.types.NullType)  # SQLAlchemy warns of types that it does not know

CONNECT_SECONDS = 10
"""Longest wait for a server that does not answer."""


def _opening(url: sa.URL, _: ExitStack) -> dict[str, Any]:
    return {"connect_args": defaults(url, connect_timeout=CONNECT_SECONDS, charset="utf8mb4")}


def _read_only(connection: sa.Connection, on: bool) -> None:
    outside(connection, f"SET SESSION TRANSACTION READ {'ONLY' if on else 'WRITE'}")


def _timeout(connection: sa.Connection, seconds: float | None) -> None:
    """Each of the two servers reads its own comment: MariaDB limits every statement, MySQL only queries."""
    mariadb = "DEFAULT" if seconds is None else f"{max(seconds, 0.001):.3f}"
    mysql = "DEFAULT" if seconds is None else str(max(1, round(seconds * 1000)))
    outside(
        connection,
        f"SET @tablemend = 0 /*M!100101 , SESSION max_statement_time = {mariadb} */"
        f"/*!50708 , SESSION max_execution_time = {mysql} */",
    )


def _cancel(connection: sa.Connection) -> None:
    """Over a connection of its own, the only way that the server offers."""
    driver: Any = connection.connection.driver_connection
    arguments, options = connection.dialect.create_connect_args(connection.engine.url)
    options = {**options, "connect_timeout": CONNECT_SECONDS}
    with closing(connection.dialect.connect(*arguments, **options)) as other, closing(other.cursor()) as cursor:
        cursor.execute(f"KILL QUERY {driver.thread_id()}")


def _codes(problem: BaseException) -> tuple[str, ...]:
    number = problem.args[0] if problem.args else None
    return (str(number),) if isinstance(number, int) and number else ()


_NUMBERS = {
    "denied": (1044, 1045, 1142, 1143, 1227, 1370, 1698),
    "missing": (1049, 1051, 1054, 1146),
    "crowded": (1040, 1203, 1226),
    "unreachable": (2002, 2003, 2005),
    "lost": (1053, 1927, 2006, 2013, 2055),
    "timeout": (1205, 1317, 1969, 3024),
    "transient": (1020, 1213),
    "unique": (1062, 1586),
    "foreign_key": (1216, 1217, 1451, 1452),
    "not_null": (1048, 1364),
    "check": (3819, 4025),
    "data": (1264, 1265, 1292, 1366, 1406),
    "full": (1021, 1114),
    "read_only": (1290, 1792, 1836),
}

DIALECT = Dialect(
    name="MySQL or MariaDB",
    extra="mysql",
    url="mysql://user@host/shop#orders",
    driver="pymysql",
    guard="`SET SESSION TRANSACTION READ ONLY`",
    limit="`max_statement_time` of MariaDB; `max_execution_time` of MySQL, for queries only",
    verified="MariaDB; MySQL is unverified",
    opening=_opening,
    read_only=_read_only,
    timeout=_timeout,
    codes=_codes,
    cancel=_cancel,
    rules=rules(
        **{category: " ".join(map(str, numbers)) for category, numbers in _NUMBERS.items()},
        texts={"lost": r"^\(0, ''\)$|[Aa]lready closed"},  # a statement on a connection that is closed
    ),
)
