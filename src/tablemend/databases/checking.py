"""Whether a database can be reached, what may be done there, how large and how far away it is."""

from __future__ import annotations

import os
import statistics
import time
from typing import Any

import sqlalchemy as sa

from tablemend.databases import introspection
from tablemend.databases.database import Database
from tablemend.databases.pool import PoolLimits
from tablemend.databases.statistics import PoolStatistics
from tablemend.records import Record

PINGS = 20
_RIGHTS = ("read", "write", "create")


class Checked(Record, frozen=True, kw_only=True, omit_defaults=False):
    """What was found; None where the kind of database does not say."""

    database: str  # URL without password
    kind: str
    version: str
    user: str | None
    schema: str  # that names without one belong to
    may_read: bool | None  # any table of the schema; None where there is none, too
    may_write: bool | None
    may_create: bool | None  # tables in the schema
    tables: int  # of the schema, without views
    views: int
    bytes: int | None  # of the whole database
    latency: float  # seconds: median of 20 round trips
    clock_difference: float | None  # seconds that the clock of the server is ahead of the clock here
    pool: PoolStatistics


def check(url: str | sa.URL, limits: PoolLimits = PoolLimits()) -> Checked:  # noqa: B008
    """Connect and look; DatabaseError where that cannot be done."""
    with Database(url, limits=limits, purpose="check") as database:
        database.open_minimum()
        with database.connect() as connection:
            schema = introspection.default_schema(database, connection)
            latency = statistics.median(_ping(connection) for _ in range(PINGS))
            ahead = _ahead(database, connection)
            server = introspection.catalogue(database, connection, "server") or {}
            rights = introspection.catalogue(database, connection, "rights", schema=schema)
        found = introspection.tables(database, schema)
        return Checked(
            database=database.name,
            kind=database.kind,
            version=str(server["version"]),
            user=server["person"],
            schema=schema,
            **_rights(database, rights),
            tables=sum("view" not in each.kind for each in found),
            views=sum("view" in each.kind for each in found),
            bytes=None if server["bytes"] is None else int(server["bytes"]),
            latency=latency,
            clock_difference=ahead,
            pool=database.statistics(),
        )


def _ping(connection: sa.Connection) -> float:
    started = time.perf_counter()
    connection.exec_driver_sql("SELECT 1").scalar_one()
    return time.perf_counter() - started


def _ahead(database: Database, connection: sa.Connection) -> float | None:
    """The server read its clock at some moment between two here: half way, as the Network Time Protocol has it."""
    before = time.time()
    found = introspection.catalogue(database, connection, "clock")
    after = time.time()
    return None if found is None else float(found["clock"]) - (before + after) / 2


def _rights(database: Database, found: dict[str, Any] | None) -> dict[str, bool | None]:
    if found is not None:
        return {f"may_{name}": None if found[name] is None else bool(found[name]) for name in _RIGHTS}
    if database.kind not in ("sqlite", "duckdb"):
        return dict.fromkeys(f"may_{name}" for name in _RIGHTS)
    path = database.url.database
    writable = database.url.query.get("mode") != "ro" and (path in (None, ":memory:") or os.access(str(path), os.W_OK))
    return {"may_read": True, "may_write": writable, "may_create": writable}
