"""The store for asyncio: the same nouns and verbs, each call in a thread of its own, a bounded number at once."""

from __future__ import annotations

import asyncio
import functools
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from tablemend.records import Item
from tablemend.store.filters import Filter

if TYPE_CHECKING:
    from tablemend.store.state import Store

P = ParamSpec("P")
T = TypeVar("T")

CONCURRENCY = 8
"""Calls at work at once; more of them wait without blocking the loop."""


class AsyncStore:
    """A store whose verbs can be awaited: `await store.items.put(items)`.

    Several writes as one go into a function of their own: `await store.call(write)`, where `write` opens the
    transaction; a transaction cannot be held open over an await.
    """

    def __init__(self, store: Store, *, concurrency: int = CONCURRENCY) -> None:
        self._store = store
        self._places = asyncio.Semaphore(concurrency)

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What a function of this process gives, run in a thread."""
        async with self._places:
            return await asyncio.to_thread(function, *args, **kwargs)

    def __getattr__(self, noun: str) -> _Door:
        return _Door(self, getattr(self._store, noun))

    async def stream(self, wanted: Filter, *, page: int = 1000) -> AsyncIterator[Item]:
        """All items that meet a filter, read a page at a time."""
        items = self._store.items.stream(wanted, page=page)
        while True:
            batch = await self.call(list, itertools.islice(items, page))
            for item in batch:
                yield item
            if len(batch) < page:
                return


class _Door:
    """The verbs of one noun of a store."""

    def __init__(self, store: AsyncStore, noun: Any) -> None:
        self._store = store
        self._noun = noun

    def __getattr__(self, verb: str) -> Callable[..., Awaitable[Any]]:
        return functools.partial(self._store.call, getattr(self._noun, verb))
