"""A page of a longer list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from tablemend.records import Record

T = TypeVar("T")
S = TypeVar("S")


class Page(Record, Generic[T], frozen=True, kw_only=True):
    """Some of a list, and how long it is."""

    items: tuple[T, ...]
    total: int  # of the whole list
    offset: int
    limit: int


def page(whole: Sequence[S], offset: int, limit: int, shown: Callable[[S], T]) -> Page[T]:
    """A page of a list that is in memory; only what is on it is made ready to be shown."""
    chosen = whole[offset : offset + limit]
    return Page(items=tuple(shown(each) for each in chosen), total=len(whole), offset=offset, limit=limit)


def counted(items: Iterable[T], total: int, offset: int, limit: int) -> Page[T]:
    """A page that was selected already."""
    return Page(items=tuple(items), total=total, offset=offset, limit=limit)
