"""Bulk reading and writing of databases, beside row by row and pandas in the same run."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from tablemend.bench.case import Row, megabytes, peak_mb, rate
from tablemend.bench.store import postgres
from tablemend.databases import bulk
from tablemend.databases.bulk.registry import DIALECTS
from tablemend.databases.bulk.statements import insert
from tablemend.databases.bulk.values import tuples
from tablemend.databases.database import Database

ROWS, CHANGED, SAMPLE, PANDAS = 1_000_000, 100_000, 2_000, 100_000
MARIADB = "TABLEMEND_BENCH_MARIADB_URL"
LOCAL = "mysql+pymysql://root@127.0.0.1:3306/"
ORDERS = (None, "orders")
EIGHT = "1,000,000 × 8"


def orders(rows: int) -> pa.Table:
    """Rows of eight columns of common types, the same ones in every run."""
    random = np.random.default_rng(7)
    numbers = np.arange(rows)
    cents = pa.array(random.integers(100, 100_000, rows), pa.int64()).cast(pa.decimal128(19, 0))
    seconds = 1_600_000_000 + random.integers(0, 10**8, rows)
    return pa.table(
        {
            "id": pa.array(numbers, pa.int64()),
            "customer": pa.array(np.char.add("customer ", (numbers % 10_007).astype(str))),
            "email": pa.array(np.char.add(numbers.astype(str), "@example.org")),
            "amount": pa.Array.from_buffers(pa.decimal128(12, 2), rows, cents.buffers()),
            "quantity": pa.array(random.integers(1, 50, rows), pa.int32()),
            "ratio": pa.array(random.random(rows)),
            "ordered": pa.array(seconds * 1_000_000, pa.timestamp("us")),
            "active": pa.array(random.random(rows) < 0.9),
        }
    )


@contextmanager
def mariadb() -> Iterator[str | None]:
    """URL of a MariaDB or MySQL database of its own, or none where no server answers."""
    url = sa.make_url(os.environ.get(MARIADB, LOCAL))
    name = f"tm_bench_{secrets.token_hex(4)}"
    engine = sa.create_engine(url, connect_args={"connect_timeout": 3})
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
    except sa.exc.OperationalError:
        yield None
        return
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name}")
        engine.dispose()


@contextmanager
def places(folder: Path) -> Iterator[list[tuple[str, Database]]]:
    """A database of each kind that can run here; PostgreSQL comes first where there is one."""
    with ExitStack() as stack:
        urls = {
            "PostgreSQL": stack.enter_context(postgres()),
            "MariaDB": stack.enter_context(mariadb()),
            "SQLite": f"sqlite:///{folder}/bench.sqlite?mode=rwc",
            "DuckDB": f"duckdb:///{folder}/bench.duckdb?mode=rwc",
        }
        yield [(name, stack.enter_context(Database(url))) for name, url in urls.items() if url]


def insert_1m(folder: Path) -> list[Row]:
    """1,000,000 rows into an empty table."""
    data = orders(ROWS)
    rows: list[Row] = []
    with places(folder) as databases:
        for name, database in databases:
            found = [_inserted(database, data) for _ in range(3)]
            rows += _inserts(name, database, data, found)
    return rows


def _inserts(name: str, database: Database, data: pa.Table, found: list[float]) -> Iterator[Row]:
    bars = {"bar": 300_000, "least_ratio": 30} if name == "PostgreSQL" else {}
    peak = peak_mb()
    alone = [_one_by_one(database, data) * ROWS / SAMPLE for _ in range(3)]
    case, what = "databases.insert", f"{EIGHT} inserted, {name}"
    yield rate(
        case, what, ROWS, found, unit="rows/s", baseline=alone, baseline_what="a commit a row", peak=peak, **bars
    )
    if name == "PostgreSQL":
        pandas = [_to_sql(database, data) * ROWS / PANDAS for _ in range(3)]
        yield rate(case, what, ROWS, found, unit="rows/s", baseline=pandas, baseline_what="to_sql", least_ratio=6)


def _emptied(database: Database, schema: pa.Schema, *, key: tuple[str, ...] = ()) -> None:
    with database.transaction() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS orders")
    bulk.create(database, ORDERS, schema, key=key)


def _timed(work: Callable[[], Any], expected: int | None = None) -> float:
    started = time.perf_counter()
    found = work()
    seconds = time.perf_counter() - started
    if expected is not None and found != expected:
        raise AssertionError(f"{found} instead of {expected}")
    return seconds


def _inserted(database: Database, data: pa.Table) -> float:
    _emptied(database, data.schema)
    return _timed(lambda: bulk.insert(database, ORDERS, data), data.num_rows)


def _one_by_one(database: Database, data: pa.Table) -> float:
    _emptied(database, data.schema)
    dialect = DIALECTS[database.kind]
    sql = insert(dialect, "orders", [dialect.quoted(name) for name in data.schema.names])
    (batch,) = data.slice(0, SAMPLE).combine_chunks().to_batches()
    return _committing(database, sql, [_bindable(each) for each in tuples(batch)])


def _bindable(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """The row with what SQLite's driver does not take as text."""
    return tuple(each if isinstance(each, int | float | str) else str(each) for each in row)


def _committing(database: Database, sql: str, rows: list[tuple[Any, ...]]) -> float:
    """Seconds for a statement and a commit for each row on one connection of the driver."""
    with database.connect() as connection:
        driver = database.raw(connection)
        started = time.perf_counter()
        for row in rows:
            cursor = driver.cursor() if database.kind != "duckdb" else driver
            cursor.execute(sql, row)
            if database.kind in {"postgresql", "mysql"}:
                driver.commit()
        return time.perf_counter() - started


def _to_sql(database: Database, data: pa.Table) -> float:
    frame = data.slice(0, PANDAS).to_pandas()
    engine = sa.create_engine(database.url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS orders")
    seconds = _timed(lambda: frame.to_sql("orders", engine, index=False))
    engine.dispose()
    return seconds


def read_1m(folder: Path) -> list[Row]:
    """1,000,000 rows to Arrow."""
    data = orders(ROWS)
    rows = []
    with places(folder) as databases:
        for name, database in databases:
            bars = {"bar": 500_000, "least_ratio": 3} if name == "PostgreSQL" else {}
            _inserted(database, data)
            found = [_read(database) for _ in range(5)]
            pandas = [_read_sql(database) for _ in range(3)] if database.kind != "duckdb" else []
            rows.append(
                rate(
                    "databases.read",
                    f"{EIGHT} to Arrow, {name}",
                    ROWS,
                    found,
                    unit="rows/s",
                    baseline=pandas,
                    baseline_what="read_sql" if pandas else "",
                    **bars,
                )
            )
    return rows


def _read(database: Database) -> float:
    return _timed(lambda: bulk.read_table(database, ORDERS).num_rows, ROWS)


def _read_sql(database: Database) -> float:
    import pandas

    with database.connect() as connection:
        return _timed(lambda: len(pandas.read_sql("SELECT * FROM orders", connection)), ROWS)


def update_100k(folder: Path) -> list[Row]:
    """100,000 of 1,000,000 rows changed by key, where their old values hold."""
    data = orders(ROWS)
    rows = []
    with places(folder) as databases:
        for name, database in databases:
            bars = {"bar": 50_000, "least_ratio": 8} if name == "PostgreSQL" else {}
            found, alone = _updates(database, data)
            rows.append(
                rate(
                    "databases.update",
                    f"{CHANGED:,} of {EIGHT} by key and old value, {name}",
                    CHANGED,
                    found,
                    unit="rows/s",
                    baseline=alone,
                    baseline_what="a commit a row",
                    **bars,
                )
            )
    return rows


def _updates(database: Database, data: pa.Table) -> tuple[list[float], list[float]]:
    _emptied(database, data.schema, key=("id",))
    bulk.insert(database, ORDERS, data)
    chosen = np.random.default_rng(8).permutation(ROWS)[:CHANGED]
    kept = data.take(pa.array(np.sort(chosen)))
    mark = DIALECTS[database.kind].placeholder
    sql = f"UPDATE orders SET customer = {mark} WHERE id = {mark}"
    others = np.setdiff1d(np.arange(ROWS), chosen)[:SAMPLE].tolist()
    alone = [
        _committing(database, sql, [(f"alone {again} {n}", n) for n in others]) * CHANGED / SAMPLE for again in range(3)
    ]  # new values each time: a row that stays as it is costs no commit
    found, old = [], kept["customer"]
    for number in range(5):
        new = pa.array([f"changed {number} {n}" for n in kept["id"].to_pylist()])
        found.append(_updated(database, pa.table({"id": kept["id"], "customer": new}), pa.table({"customer": old})))
        old = new
    return found, alone


def _updated(database: Database, changes: pa.Table, expected: pa.Table) -> float:
    return _timed(lambda: bulk.update(database, ORDERS, ["id"], changes, expected=expected).updated, CHANGED)


def stream_10m(folder: Path) -> list[Row]:
    """Memory and speed of a streamed read of 10,000,000 rows that PostgreSQL makes up."""
    with places(folder) as databases:
        name, database = databases[0]
        if name != "PostgreSQL":
            return []
        query = (
            "SELECT n AS id, 'customer ' || n % 10007 AS customer, n || '@example.org' AS email,"
            " (n % 100000 / 100.0)::numeric(12, 2) AS amount, (n % 50)::int AS quantity, n / 7.0::float8 AS ratio,"
            " timestamp '2020-01-01' + n * interval '1 second' AS ordered, n % 10 > 0 AS active"
            " FROM generate_series(1, :rows) AS n"
        )
        started = time.perf_counter()
        with bulk.read(database, query, params={"rows": 10 * ROWS}) as reader:
            seen = sum(batch.num_rows for batch in reader)
        seconds = time.perf_counter() - started
    if seen != 10 * ROWS:
        raise AssertionError(f"{seen} rows came")
    what = "10,000,000 × 8 streamed, PostgreSQL"
    return [
        megabytes("databases.stream_10m", f"peak memory, {what}", peak_mb(), bar=600),
        rate("databases.stream_10m", what, seen, [seconds], unit="rows/s"),
    ]
