"""The store for asyncio."""

import asyncio

import pytest

from store_helpers import begin, item
from tablemend.errors import StateError
from tablemend.store.filters import Filter
from tablemend.store.state import Store


def test_many_calls_at_once_do_what_the_same_calls_do(store: Store) -> None:
    run = begin(store)

    async def work() -> list[str]:
        door = store.asynchronous
        await asyncio.gather(*(door.items.put([item(n, run)]) for n in range(30)))
        assert await door.items.count(Filter(run=run)) == 30
        assert (await door.runs.get(run)).status == "running"
        with pytest.raises(StateError):
            await door.items.put([item(1, "r-none")])
        return [each.id async for each in door.stream(Filter(run=run), page=7)]

    ids = asyncio.run(work())
    assert ids == [each.id for each in store.items.select(Filter(run=run))]
    assert len(ids) == 30


def test_several_writes_as_one(store: Store) -> None:
    run = begin(store)

    def write() -> None:
        with store.transaction():
            store.items.put([item(1, run)])
            store.items.put([item(2, "r-none")])

    async def work() -> None:
        with pytest.raises(StateError):
            await store.asynchronous.call(write)

    asyncio.run(work())
    assert store.items.count(Filter()) == 0
