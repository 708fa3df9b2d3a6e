"""Databases: checkouts, many callers on a small pool, queries by key and over joins, waiting for many at once."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from tablemend.bench.case import Row, p95, seconds, times
from tablemend.bench.store import postgres
from tablemend.databases.asynchronous import AsyncDatabase
from tablemend.databases.database import Database
from tablemend.databases.introspection import describe, distincts
from tablemend.databases.pool import PoolLimits
from tablemend.engine.duckdb import Session
from tablemend.quality.distinct import Distincts
from tablemend.quality.evaluate import evaluate
from tablemend.quality.profile import profile as profile_here
from tablemend.quality.pushdown.asking import asking
from tablemend.quality.pushdown.columns import Subject, profile, subject
from tablemend.quality.pushdown.survey import Survey, survey
from tablemend.quality.score import WEIGHTS
from tablemend.quality.thresholds import DEFAULT
from tablemend.records import Check, Source
from tablemend.repair import relation
from tablemend.tables import server
from tablemend.tables.limits import Limits

ROWS, CUSTOMERS, PRODUCTS, CITIES = 1_000_000, 100_000, 1_000, 1_000
CALLERS, POOL, CALLS = 50, 10, 500
LATENCY = 0.05

SHOP = f"""
CREATE TABLE customer AS
  SELECT i AS id, 'Customer ' || i AS name, 'City ' || i % {CITIES} AS city FROM generate_series(1, {CUSTOMERS}) i;
CREATE TABLE product AS
  SELECT i AS id, 'Product ' || i AS name, 'Category ' || i % 20 AS category FROM generate_series(1, {PRODUCTS}) i;
CREATE TABLE sale AS
  SELECT i AS id, 1 + (i * 7919::bigint) % {CUSTOMERS} AS customer, 1 + (i * 104729::bigint) % {PRODUCTS} AS product,
         1 + i % 9 AS quantity, (i % 10000) / 100.0 AS amount, timestamp '2026-01-01' + i * interval '20 seconds' AS at,
         'delivered' AS status, 'note ' || i AS note
  FROM generate_series(1, {ROWS}) i;
ALTER TABLE customer ADD PRIMARY KEY (id);
ALTER TABLE product ADD PRIMARY KEY (id);
ALTER TABLE sale ADD PRIMARY KEY (id);
CREATE INDEX ON customer (city);
CREATE INDEX ON sale (customer);
ANALYZE customer, product, sale;
"""
BY_KEY = "SELECT * FROM sale WHERE id = :key"
JOIN = """
SELECT product.category, count(*) AS sales, sum(sale.quantity * sale.amount) AS turnover
FROM customer JOIN sale ON sale.customer = customer.id JOIN product ON product.id = sale.product
WHERE customer.city = :city
GROUP BY product.category ORDER BY turnover DESC
"""


@contextmanager
def _new(url: str) -> Iterator[sa.Engine]:
    """An engine that connects each time."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    try:
        yield engine
    finally:
        engine.dispose()


def checkout(_: Path) -> list[Row]:
    """A pooled connection against a new one, and how often one was there."""
    with postgres() as url:
        return [] if url is None else _checkout(url)


def _checkout(url: str) -> list[Row]:
    requests = 1_000
    with Database(url) as database, _new(url) as engine:

        def pooled() -> None:
            with database.connect():
                pass

        def anew() -> None:
            with engine.connect():
                pass

        found = times(pooled, repetitions=requests - 1)
        baseline = times(anew, repetitions=50)
        share = database.statistics().hit_rate or 0.0
    return [
        seconds(
            "databases.checkout",
            "take a connection that answers, give it back",
            found,
            baseline=baseline,
            baseline_what="a new connection",
            least_ratio=15,
        ),
        Row(
            case="databases.checkout",
            what=f"hit rate over {requests:,} requests",
            value=share,
            unit="share",
            bar=0.95,
            met=share >= 0.95,
        ),
    ]


def pool_50(_: Path) -> list[Row]:
    """50 callers on a pool of 10 against connecting each time."""
    with postgres() as url:
        if url is None:
            return []
        with Database(url, limits=PoolLimits(maximum=POOL)) as database, _new(url) as engine:
            found = times(lambda: _together(database.connect), repetitions=5)
            baseline = times(lambda: _together(engine.connect), repetitions=3)
    return [
        seconds(
            "databases.pool_50",
            f"{CALLS} queries of {CALLERS} callers at once on {POOL} connections",
            found,
            baseline=baseline,
            baseline_what="connecting each time",
            least_ratio=3,
        )
    ]


def _together(connect: Callable[[], object]) -> None:
    def one(_: int) -> int:
        with connect() as connection:  # type: ignore[attr-defined]
            return int(connection.exec_driver_sql("SELECT 1").scalar_one())

    with ThreadPoolExecutor(CALLERS) as threads:
        if sum(threads.map(one, range(CALLS))) != CALLS:
            raise AssertionError("an answer was lost")


@contextmanager
def _shop() -> Iterator[Database | None]:
    """A shop with 1,000,000 sales of 8 columns."""
    with postgres() as url:
        if url is None:
            yield None
            return
        with Database(url) as database:
            with database.transaction() as connection:
                for statement in SHOP.split(";"):
                    if statement.strip():
                        connection.exec_driver_sql(statement.replace("%", "%%"))
            yield database


def key_query(_: Path) -> list[Row]:
    """One row of 1,000,000 by its key, connection included."""
    draw = random.Random(1)
    return _asked("databases.key_query", "one row of 1,000,000 by key", BY_KEY, lambda: draw.randint(1, ROWS), 0.010)


def join_1m(_: Path) -> list[Row]:
    """An indexed join of three tables, the largest of 1,000,000 rows."""
    draw = random.Random(1)
    what = "three tables joined, about 1,000 of 1,000,000 rows grouped"
    return _asked("databases.join_1m", what, JOIN, lambda: f"City {draw.randrange(CITIES)}", 0.100)


def _asked(case: str, what: str, sql: str, value: Callable[[], object], bar: float) -> list[Row]:
    statement = sa.text(sql)
    (name,) = statement.compile().params
    with _shop() as database:
        if database is None:
            return []

        def ask() -> Sequence[sa.Row[tuple[object, ...]]]:
            with database.connect(read_only=True) as connection:
                return connection.execute(statement, {name: value()}).all()

        if not ask():
            raise AssertionError("no row was found")
        found = times(ask, repetitions=500)
    slowest = p95(found)
    return [Row(case=case, what=f"p95: {what}", value=slowest, unit="s", p95=slowest, bar=bar, met=slowest <= bar)]


def _survey(found: Subject, estimates: dict[str, int]) -> Survey:
    return survey(found, estimates=estimates, rules=lambda _: (), parents=lambda _: None, weights=WEIGHTS)


def _pulled(database: Database, checks: Sequence[Check]) -> None:
    """Read the table, profile it, and run the checks, if any, in the embedded engine."""
    source = Source(kind=database.kind, location="", name="sale", table="sale")
    table, columns, _ = server.read(database, source, Limits())
    with Session() as session:
        relation.register(session, table, columns)
        known = Distincts(session, relation.DATA, [each.name for each in columns], limit=DEFAULT.distinct_table)
        profile_here(session, relation.DATA, columns, distincts=known)
        if checks:
            evaluate(session, relation.DATA, checks, distincts=known)


def push_down(_: Path) -> list[Row]:
    """Profile, and profile with checks, of 1,000,000 × 8 in the database against reading the table for them."""
    with _shop() as database:
        if database is None:
            return []
        table = describe(database, "sale")
        with asking(database, 600) as ask:
            found = subject(table, database.kind, ask)
            estimates = distincts(database, table)
            profiled = times(lambda: profile(found, estimates), repetitions=3)
            surveyed = times(lambda: _survey(found, estimates), repetitions=3)
            checks = _survey(found, estimates).checks
        pulled = times(lambda: _pulled(database, ()), repetitions=3)
        checked = times(lambda: _pulled(database, checks), repetitions=3)
    what = f"{ROWS:,} × 8 in PostgreSQL"
    return [
        seconds(
            "databases.push_down",
            f"profile of {what}",
            profiled,
            baseline=pulled,
            baseline_what="reading, then profile",
        ),
        seconds(
            "databases.push_down",
            f"profile and checks of {what}",
            surveyed,
            baseline=checked,
            baseline_what="reading, then the same",
        ),
    ]


def async_10(_: Path) -> list[Row]:
    """Ten queries with 50 ms of latency each, awaited together against one after another."""
    with postgres() as url:
        if url is None:
            return []
        found, baseline = asyncio.run(_awaited(url))
    return [
        seconds(
            "databases.async_10",
            f"10 queries with {LATENCY * 1000:.0f} ms of latency each",
            found,
            baseline=baseline,
            baseline_what="one after another",
            least_ratio=5,
        )
    ]


async def _awaited(url: str) -> tuple[list[float], list[float]]:
    query = f"SELECT pg_sleep({LATENCY})"
    async with AsyncDatabase(url, limits=PoolLimits(minimum=10, maximum=10)) as database:
        await database.call(lambda opened: opened.open_minimum())
        together, alone = [], []
        for _ in range(5):
            started = time.perf_counter()
            await asyncio.gather(*(database.read(query) for _ in range(10)))
            together.append(time.perf_counter() - started)
            started = time.perf_counter()
            for _ in range(10):
                await database.read(query)
            alone.append(time.perf_counter() - started)
    return together, alone
