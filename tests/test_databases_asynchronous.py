"""Databases inside a running loop."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal

import pyarrow as pa
import pytest

import servers
from tablemend.databases import introspection
from tablemend.databases.asynchronous import AsyncDatabase
from tablemend.databases.pool import PoolLimits
from tablemend.errors import AccessDenied, MissingObject


def test_a_query_is_read_as_arrow(database_url: str) -> None:
    async def work() -> pa.Table:
        async with AsyncDatabase(database_url) as database:
            return await database.read("SELECT 1 AS a, 'x' AS b WHERE 1 = :one", {"one": 1})

    assert asyncio.run(work()).to_pylist() == [{"a": 1, "b": "x"}]


def test_no_row_is_a_table_without_rows(database_url: str) -> None:
    async def work() -> pa.Table:
        async with AsyncDatabase(database_url) as database:
            return await database.read("SELECT 1 AS a WHERE 1 = 0")

    found = asyncio.run(work())
    assert (found.num_rows, found.column_names) == (0, ["a"])


def test_a_function_is_called_with_the_database(database_url: str) -> None:
    async def work() -> list[str]:
        async with AsyncDatabase(database_url) as database:
            return [each.name for each in await database.call(introspection.tables)]

    assert asyncio.run(work()) == []


def test_errors_come_as_they_do_without_a_loop(database_url: str) -> None:
    async def work(sql: str) -> None:
        async with AsyncDatabase(database_url) as database:
            await database.read(sql)

    with pytest.raises(MissingObject):
        asyncio.run(work("SELECT * FROM absent"))
    with pytest.raises(AccessDenied):
        asyncio.run(work("CREATE TABLE t (i integer)"))


def test_slow_answers_are_waited_for_together_and_within_the_bound() -> None:
    async def work(url: str) -> tuple[float, int]:
        async with AsyncDatabase(url, limits=PoolLimits(maximum=10, minimum=10)) as database:
            await database.call(lambda opened: opened.open_minimum())
            started = time.perf_counter()
            await asyncio.gather(*(database.read("SELECT 1 FROM pg_sleep(0.05)") for _ in range(20)))
            return time.perf_counter() - started, database.database.statistics().opened

    with servers.schema() as url:
        seconds, opened = asyncio.run(work(url))
    assert opened == 10
    assert 0.1 <= seconds < 20 * 0.05


def test_values_that_arrow_has_no_type_for_are_text() -> None:
    async def work(url: str) -> pa.Table:
        async with AsyncDatabase(url) as database:
            return await database.read(
                """SELECT cast('6ba7b810-9dad-11d1-80b4-00c04fd430c8' AS uuid) AS u, cast('{"a": [1]}' AS jsonb) AS j,
                cast('10.0.0.1' AS inet) AS i, ARRAY[1, 2] AS l, cast(1.50 AS numeric) AS d"""
            )

    with servers.schema() as url:
        (row,) = asyncio.run(work(url)).to_pylist()
    assert row == {
        "u": "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "j": '{"a": [1]}',
        "i": "10.0.0.1",
        "l": [1, 2],
        "d": Decimal("1.50"),
    }
