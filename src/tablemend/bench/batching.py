"""The batch runner: workers that wait for a server, its cost for each batch, a load in which much goes wrong."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from tablemend.batching import Attempt, Batch, Done, Report, Settled, run
from tablemend.bench.case import Row, rate, seconds, times
from tablemend.bench.store import postgres
from tablemend.databases import bulk
from tablemend.databases.database import Database
from tablemend.databases.ledger import DatabaseLedger
from tablemend.databases.loading import load
from tablemend.errors import StateError

BATCHES, LATENCY = 100, 0.05
ROWS, POISON, BETWEEN = 1_000_000, 37, 0.2
TABLE = (None, "t")


def _waiting(batch: Batch, attempt: Attempt) -> Done:
    attempt.transaction.execute(sa.text(f"SELECT pg_sleep({LATENCY})"))
    return Done(inserted=len(batch))


def io_workers(_: Path) -> list[Row]:
    """100 batches with 50 ms of server latency each: four workers against one."""
    with postgres() as url:
        if url is None:
            return []
        with Database(url) as database:
            serial = itertools.count()

            def job(workers: int) -> Report:
                ledger = DatabaseLedger(database)
                return run(range(BATCHES), _waiting, ledger=ledger, job=f"j{next(serial)}", size=1, workers=workers)

            four = times(lambda: job(4), repetitions=3)
            one = times(lambda: job(1), repetitions=2, warm=False)
    return [
        seconds(
            "batching.io_workers",
            f"{BATCHES} batches with {LATENCY * 1000:.0f} ms of server latency, 4 workers",
            four,
            baseline=one,
            baseline_what="1 worker",
            least_ratio=3,
        )
    ]


def _nothing(batch: Batch, attempt: Attempt) -> Done:
    del attempt
    return Done(skipped=len(batch))


def overhead(folder: Path) -> list[Row]:
    """What the runner adds to each batch, beside the commit of its checkpoint."""
    batches = 2_000
    bare = [each / batches for each in times(lambda: run(range(batches), _nothing, size=1), repetitions=7)]
    found = [
        seconds(
            "batching.overhead", f"of the runner, a batch ({batches:,} that do nothing, 4 workers)", bare, bar=0.001
        )
    ]
    with Database(f"sqlite:///{folder}/ledger.db?mode=rwc") as database:
        serial = itertools.count()

        def with_runner() -> Report:
            ledger = DatabaseLedger(database)
            return run(range(500), _nothing, ledger=ledger, job=f"j{next(serial)}", size=1, workers=1)

        def by_hand() -> None:
            ledger, job = DatabaseLedger(database), f"j{next(serial)}"
            ledger.begin(job)
            for n in range(500):
                batch = Batch(job=job, first=n, rows=(n,))
                attempt = Attempt(batch, 1, 30.0)
                with ledger.transaction(batch, attempt) as transaction:
                    ledger.settle(transaction, batch, _settled(n), [])

        ran = [each / 500 for each in times(with_runner, repetitions=5)]
        plain = [each / 500 for each in times(by_hand, repetitions=5)]
    added = [max(each - sorted(plain)[len(plain) // 2], 0.0) for each in ran]
    found.append(
        seconds("batching.overhead", "added to the commit of a checkpoint in SQLite, a batch", added, bar=0.001)
    )
    return found


def _settled(first: int) -> Settled:
    return Settled(first=first, rows=1, skipped=1)


def load_1m(_: Path) -> list[Row]:
    """1,000,000 rows with 37 that the table refuses, from a server that drops a connection every 200 ms."""
    with postgres() as url:
        if url is None:
            return []
        rows, poison = _rows()
        with Database(url) as database:
            found = [_timed(database, rows, poison, number) for number in range(3)]
            plain = times(lambda: _all_at_once(database, rows, poison), repetitions=3, warm=False)
    return [
        rate(
            "batching.load_1m",
            f"{ROWS:,} rows with {POISON} bad ones, connections dropped every {BETWEEN * 1000:.0f} ms",
            ROWS,
            found,
            unit="rows/s",
            baseline=plain,
            baseline_what="one statement, nothing bad or dropped",
        )
    ]


def _rows() -> tuple[pa.Table, list[int]]:
    random = np.random.default_rng(11)
    poison = sorted(random.choice(ROWS, POISON, replace=False).tolist())
    words = np.full(ROWS, "as it should be", dtype=object)
    words[poison] = "longer than the forty characters that are allowed"
    columns = {"id": pa.array(np.arange(ROWS)), "amount": pa.array(random.random(ROWS)), "note": pa.array(words)}
    return pa.table(columns), poison


def _made(database: Database) -> None:
    with database.transaction() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS t")
        connection.exec_driver_sql("CREATE TABLE t (id BIGINT PRIMARY KEY, amount DOUBLE PRECISION, note VARCHAR(40))")


def _timed(database: Database, rows: pa.Table, poison: list[int], number: int) -> float:
    _made(database)
    started = time.perf_counter()
    with _dropping(database):
        report = load(database, TABLE, rows, job=f"load {number}")
        again = load(database, TABLE, rows, job=f"load {number}") if report.left else report
    took = time.perf_counter() - started
    kept = sorted(each.position for each in report.rejections)
    if (again.inserted, again.rejected, again.left) != (ROWS - POISON, POISON, 0) or kept != poison:
        raise StateError(f"the load lost or repeated rows: {again}")
    return took


def _all_at_once(database: Database, rows: pa.Table, poison: list[int]) -> None:
    _made(database)
    good = np.ones(ROWS, bool)
    good[poison] = False
    bulk.insert(database, TABLE, rows.filter(pa.array(good)))


@contextmanager
def _dropping(database: Database) -> Iterator[None]:
    """Another session ends one of those that hold a lock on the table, again and again."""
    ended = threading.Event()
    query = (
        "SELECT pg_terminate_backend(pid) FROM (SELECT DISTINCT pid FROM pg_locks"
        " WHERE relation = 't'::regclass AND pid <> pg_backend_pid() LIMIT 1) held"
    )

    def drop() -> None:
        with Database(database.url) as other:
            while not ended.wait(BETWEEN):
                with other.connect() as connection:
                    connection.exec_driver_sql(query).all()

    dropping = threading.Thread(target=drop)
    dropping.start()
    try:
        yield
    finally:
        ended.set()
        dropping.join()
