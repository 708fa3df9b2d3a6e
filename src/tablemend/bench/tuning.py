"""What settings do to throughput, latency and memory: the figures behind the how-to on tuning."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import sqlalchemy as sa

from tablemend.batching import Adaptive, Attempt, Batch, Done, run
from tablemend.bench.batching import TABLE
from tablemend.bench.bulk import orders
from tablemend.bench.case import Row, megabytes, rate, seconds, times
from tablemend.bench.store import postgres
from tablemend.caching import QueryCache
from tablemend.databases import bulk
from tablemend.databases.database import Database
from tablemend.databases.ledger import DatabaseLedger
from tablemend.databases.loading import load
from tablemend.databases.pool import PoolLimits

ROWS = 200_000
FAR = 0.02  # seconds that a batch waits for a server that is far away or busy
CALLERS, CALLS = 16, 1_600
STREAMED = (1_000_000, 3_000_000)
QUERY = "SELECT active, count(*) AS n, avg(ratio) AS ratio FROM t WHERE customer = :customer GROUP BY active"


def write_heavy(_: Path) -> list[Row]:
    """A load by the size of its batches and the number of workers, also where each batch waits for its server."""
    rows = orders(ROWS)
    with postgres() as url:
        if url is None:
            return []
        with Database(url, limits=PoolLimits(maximum=20)) as database:
            loading = _Loading(database, rows)
            sizes: Sequence[tuple[str, Any]] = (
                *((f"batch_size {size:,}", size) for size in (100, 1_000, 10_000, 50_000)),
                ("adaptive size", Adaptive()),
            )
            found = [_written(f"{name}, 4 workers", loading, size=size) for name, size in sizes]
            found += [_written(f"batch_size 10,000, {n} workers", loading, size=10_000, workers=n) for n in (1, 2, 8)]
            for n in (1, 4, 8, 16):
                what = f"batch_size 10,000, {n} workers, {FAR * 1000:.0f} ms more a batch"
                found.append(_written(what, loading, size=10_000, workers=n, wait=FAR))
    return found


class _Loading:
    """Loads the same rows into an empty table again and again."""

    def __init__(self, database: Database, rows: pa.Table) -> None:
        self.database, self.rows = database, rows
        self._serial = itertools.count()

    def __call__(self, *, wait: float = 0.0, **options: Any) -> None:
        with self.database.transaction() as connection:
            connection.exec_driver_sql("DROP TABLE IF EXISTS t")
            bulk.create(connection, TABLE, self.rows.schema, key=["id"])
        job = f"j{next(self._serial)}"
        if not wait:
            load(self.database, TABLE, self.rows, job=job, **options)
            return

        def work(batch: Batch, attempt: Attempt) -> Done:
            attempt.transaction.execute(sa.text(f"SELECT pg_sleep({wait})"))
            return Done(inserted=bulk.insert(attempt.transaction, TABLE, batch.rows))

        run(self.rows, work, ledger=DatabaseLedger(self.database), job=job, **options)


def _written(what: str, loading: _Loading, **options: Any) -> Row:
    found = times(lambda: loading(**options), repetitions=3, warm=False)
    return rate("tuning.write", f"{ROWS:,} × 8 rows, {what}", ROWS, found, unit="rows/s")


def read_heavy(_: Path) -> list[Row]:
    """16 callers by the size of the pool, then with the cache; and while a load writes to their table or another."""
    with postgres() as url:
        if url is None:
            return []
        with Database(url) as database:
            _filled(database)
        found = [_asked(url, f"pool_max {n}", pool=n) for n in (1, 2, 4, 16)]
        found += _asked_with_cache(url)
    return found


def _filled(database: Database) -> None:
    rows = orders(ROWS)
    bulk.create(database, TABLE, rows.schema, key=["id"])
    bulk.insert(database, TABLE, rows)
    with database.transaction() as connection:
        connection.exec_driver_sql("CREATE INDEX ON t (customer)")
        connection.exec_driver_sql("CREATE TABLE other (id bigint PRIMARY KEY)")
        connection.exec_driver_sql("CREATE TABLE same (LIKE t INCLUDING ALL)")


def _asked(url: str, what: str, *, pool: int, cache: QueryCache | None = None) -> Row:
    with Database(url, limits=PoolLimits(maximum=pool), cache=cache) as database:
        found = [_called(database) for _ in range(3)]
    return rate("tuning.read", f"{CALLERS} callers, {what}", CALLS, found, unit="queries/s")


def _called(database: Database, latencies: list[float] | None = None) -> float:
    """Seconds for all calls; a fifth of the customers is asked for again and again."""

    def ask(n: int) -> None:
        started = time.perf_counter()
        database.query(QUERY, {"customer": f"customer {(n * n) % 200}"})
        if latencies is not None:
            latencies.append(time.perf_counter() - started)

    started = time.perf_counter()
    with ThreadPoolExecutor(CALLERS) as threads:
        list(threads.map(ask, range(CALLS)))
    return time.perf_counter() - started


def _asked_with_cache(url: str) -> list[Row]:
    found = [_asked(url, "pool_max 4, cache", pool=4, cache=QueryCache())]
    for where, name in (("another table", "other"), ("the same table", "t")):
        cache, latencies = QueryCache(), list[float]()
        with Database(url, limits=PoolLimits(maximum=8), cache=cache) as database, _writing(database, name):
            for _ in range(3):
                _called(database, latencies)
        share = cache.statistics().all.hit_rate or 0.0
        what = f"{CALLERS} callers, cache, while {where} is loaded"
        found.append(Row(case="tuning.read", what=f"{what}: hits", value=share, unit="share"))
        found.append(seconds("tuning.read", f"{what}: a query", latencies))
    return found


class _writing:  # noqa: N801 - used like a function
    """A block during which rows are added to a table, a batch every 50 ms."""

    def __init__(self, database: Database, table: str) -> None:
        self._database, self._table = database, table
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def _write(self) -> None:
        for n in itertools.count():
            if self._ended.wait(0.05):
                return
            first = 10_000_000 + n * 100
            rows = orders(100).set_column(0, "id", pa.array(range(first, first + 100), pa.int64()))
            bulk.insert(self._database, (None, self._table), rows if self._table == "t" else rows.select(["id"]))

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


def long_jobs(_: Path) -> list[Row]:
    """Memory of a job that streams, by the rows that it has read and by the size of its batches."""
    process = psutil.Process()
    one = orders(10_000)
    order = pa.array(range(one.num_rows))

    def stream(rows: int) -> Iterator[pa.Table]:
        for _ in range(rows // one.num_rows):
            yield one.take(order)  # a copy

    def grown(rows: int, size: int) -> float:
        most = before = process.memory_info().rss / 2**20

        def told(_: object) -> None:
            nonlocal most
            most = max(most, process.memory_info().rss / 2**20)

        run(stream(rows), _looked_at, size=size, progress=told)
        return most - before

    run(stream(100_000), _looked_at, size=1_000)
    what = "memory added by a streamed job of {rows:,} × 8, batch_size {size:,}, 4 workers"
    shapes = [(rows, 1_000) for rows in STREAMED] + [(STREAMED[0], 100_000)]
    return [
        megabytes("tuning.memory", what.format(rows=rows, size=size), grown(rows, size), bar=500)
        for rows, size in shapes
    ]


def _looked_at(batch: Batch, attempt: Attempt) -> Done:
    del attempt
    return Done(skipped=batch.rows.num_rows)
