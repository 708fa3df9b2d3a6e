"""The cache: a hit, an hour of dashboards, and many threads that ask for the same at once."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from tablemend.bench.case import Row, seconds, times
from tablemend.caching import CacheLimits, QueryCache
from tablemend.databases import bulk
from tablemend.databases.database import Database
from tablemend.databases.querying import typed

ROWS = 1_000
SLOW = 0.1  # seconds of the query that a hit stands beside
CALLS = 1_000
THREADS = 64

SEED = 5
HOUR = 3_600.0
DASHBOARDS, PANELS, REGIONS, VIEWERS = 8, 8, 12, 25
REFRESH = 30.0  # seconds between two refreshes of an open dashboard
STAY = (300.0, 1_200.0)  # seconds for which one stays open
AWAY = 600.0  # seconds at most before its viewer opens the next one
SALES, EVENTS = 60.0, 300.0  # seconds between two writes to each of the tables that change
TTL = 300.0  # of the dashboards, which see the writes of this program at once
DEFAULT = 60.0  # of the setting cache_ttl

SHOP = (
    "CREATE TABLE region (id integer PRIMARY KEY, name text)",
    "CREATE TABLE product (id integer PRIMARY KEY, category text)",
    "CREATE TABLE sale (id integer PRIMARY KEY, region integer, product integer, amount real)",
    "CREATE TABLE event (id integer PRIMARY KEY, region integer, kind text)",
    "CREATE INDEX sale_region ON sale (region)",
    "CREATE INDEX event_region ON event (region)",
)
QUESTIONS = (
    "SELECT count(*) AS n FROM sale WHERE region = :region",
    "SELECT p.category, sum(s.amount) AS turnover FROM sale AS s JOIN product AS p ON p.id = s.product "
    "WHERE s.region = :region GROUP BY p.category ORDER BY p.category",
    "SELECT kind, count(*) AS n FROM event WHERE region = :region GROUP BY kind ORDER BY kind",
    "SELECT name FROM region WHERE id = :region",
    "SELECT category, count(*) AS n FROM product GROUP BY category ORDER BY category",
)


class Step(NamedTuple):
    """A query or a write of the trace."""

    at: float  # seconds from its beginning
    sql: str
    params: dict[str, Any]
    writes: bool


def trace() -> list[Step]:
    """An hour of dashboards, always the same.

    Each viewer opens a dashboard with a filter, both by popularity (Zipf with exponent 1, as requests for pages are:
    Breslau and others, 1999), stays a while with refreshes, then opens another one. Two tables are written to.
    """
    draw = random.Random(SEED)
    panels = [[draw.randrange(len(QUESTIONS)) for _ in range(PANELS)] for _ in range(DASHBOARDS)]
    limits = [[draw.randrange(5, 50) for _ in range(PANELS)] for _ in range(DASHBOARDS)]
    steps = list(_writes())
    for _ in range(VIEWERS):
        at = draw.uniform(0, AWAY)
        while at < HOUR:
            dashboard, region = _popular(draw, DASHBOARDS), _popular(draw, REGIONS)
            end = min(at + draw.uniform(*STAY), HOUR)
            while at < end:
                for question, limit in zip(panels[dashboard], limits[dashboard], strict=True):
                    sql = f"{QUESTIONS[question]} LIMIT {limit}"
                    params = {"region": region} if ":region" in sql else {}
                    steps.append(Step(at, sql, params, writes=False))
                at += REFRESH
            at = end + draw.uniform(0, AWAY)
    return sorted(steps, key=lambda step: step.at)


def _popular(draw: random.Random, number: int) -> int:
    weights = list(accumulate(1 / (rank + 1) for rank in range(number)))
    return draw.choices(range(number), cum_weights=weights)[0]


def _writes() -> Iterator[Step]:
    sale = "INSERT INTO sale VALUES ({key}, {region}, {region}, 1.5)"
    event = "INSERT INTO event VALUES ({key}, {region}, 'visit')"
    for sql, pause in ((sale, SALES), (event, EVENTS)):
        for n in range(int(HOUR / pause)):
            yield Step(n * pause, sql.format(key=1_000_000 + n, region=n % REGIONS), {}, writes=True)


class _Clock:
    """The hour of the trace, which passes as fast as its steps do."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _shop(database: Database) -> None:
    with database.transaction() as connection:
        for sql in SHOP:
            connection.exec_driver_sql(sql)
        ids = list(range(20_000))
        regions = pa.table({"id": range(REGIONS), "name": [f"Region {n}" for n in range(REGIONS)]})
        products = pa.table({"id": range(100), "category": [f"Category {n % 9}" for n in range(100)]})
        columns = {"id": ids, "region": [n % REGIONS for n in ids]}
        sales = pa.table({**columns, "product": [n % 100 for n in ids], "amount": [n % 97 / 4 for n in ids]})
        events = pa.table({**columns, "kind": [f"kind {n % 5}" for n in ids]})
        for name, data in (("region", regions), ("product", products), ("sale", sales), ("event", events)):
            bulk.insert(connection, (None, name), data)


def hour(folder: Path) -> list[Row]:
    """The share of queries of the trace that the cache serves, and what that saves."""
    steps = trace()
    writes = sum(each.writes for each in steps)
    what = f"{len(steps) - writes:,} queries and {writes} writes of an hour of dashboards"
    found, share = _hour(folder / "cached.db", steps, TTL)
    _, usual = _hour(folder / "usual.db", steps, DEFAULT)
    plain, _ = _hour(folder / "plain.db", steps, None)
    case = "caching.trace"
    return [
        Row(case=case, what=f"hits, ttl {TTL:.0f} s: {what}", value=share, unit="share", bar=0.7, met=share >= 0.7),
        Row(case=case, what=f"hits, ttl {DEFAULT:.0f} s: the same", value=usual, unit="share"),
        seconds(case, f"ttl {TTL:.0f} s: the same", found, baseline=plain, baseline_what="no cache"),
    ]


def _hour(path: Path, steps: Sequence[Step], ttl: float | None) -> tuple[list[float], float]:
    """Seconds that the trace takes, and its share of hits."""
    clock = _Clock()
    cache = None if ttl is None else QueryCache(CacheLimits(ttl=ttl), clock=clock)
    with Database(f"sqlite:///{path}?mode=rwc", cache=cache) as database:
        _shop(database)
        found = times(lambda: _replayed(database, steps, clock), repetitions=1, warm=False)
    return found, (cache.statistics().all.hit_rate or 0.0) if cache is not None else 0.0


def _replayed(database: Database, steps: Sequence[Step], clock: _Clock) -> None:
    for step in steps:
        clock.now = step.at
        if step.writes:
            with database.transaction() as connection:
                connection.exec_driver_sql(step.sql)
        else:
            database.query(step.sql, step.params)


def _slow(database: Database, sql: str, params: Mapping[str, Any] | None, timeout: float | None) -> pa.Table:
    """A query that takes as long as one over a large table may."""
    time.sleep(SLOW)
    return typed(database, sql, params, timeout)


def _thousand(folder: Path, cache: QueryCache) -> Database:
    database = Database(f"sqlite:///{folder}/a.db?mode=rwc", cache=cache)
    columns: dict[str, list[int] | list[str]] = {f"number_{n}": [n * i for i in range(ROWS)] for n in range(4)}
    columns |= {f"text_{n}": [f"value {i}" for i in range(ROWS)] for n in range(4)}
    bulk.create(database, (None, "t"), pa.table(columns).schema)
    bulk.insert(database, (None, "t"), pa.table(columns))
    return database


def hit(folder: Path) -> list[Row]:
    """A result of 1,000 rows that this process holds, against the query that gives it."""
    sql = "SELECT * FROM t WHERE number_1 >= :least"
    with _thousand(folder, QueryCache()) as database:

        def ask() -> None:
            for _ in range(CALLS):
                if database.query(sql, {"least": 0}, reader=_slow).table.num_rows != ROWS:
                    raise AssertionError("rows are missing")

        found = [each / CALLS for each in times(ask, repetitions=5)]
        baseline = times(lambda: database.query(sql, {"least": 0}, reader=_slow, ttl=0), repetitions=5, warm=False)
    what = f"{ROWS:,} rows × 8 from this process"
    return [
        seconds(
            "caching.hit",
            what,
            found,
            baseline=baseline,
            baseline_what=f"a query of {SLOW * 1000:.0f} ms",
            bar=50e-6,
            least_ratio=1_000,
        )
    ]


def single_flight(folder: Path) -> list[Row]:
    """Threads that all ask for a result that nobody has yet."""
    sent: list[int] = []
    together = threading.Barrier(THREADS)

    def counted(database: Database, sql: str, params: Mapping[str, Any] | None, timeout: float | None) -> pa.Table:
        sent.append(1)
        return _slow(database, sql, params, timeout)

    with _thousand(folder, QueryCache()) as database:
        database.query("SELECT number_1 FROM t")  # so that tables and connection are known

        def ask(_: int) -> int:
            together.wait()
            return int(database.query("SELECT * FROM t", reader=counted).table.num_rows)

        with ThreadPoolExecutor(THREADS) as threads:
            if set(threads.map(ask, range(THREADS))) != {ROWS}:
                raise AssertionError("rows are missing")
    number = len(sent)
    what = f"queries sent for {THREADS} threads on one cold key"
    return [Row(case="caching.single_flight", what=what, value=number, unit="queries", bar=1, met=number == 1)]
