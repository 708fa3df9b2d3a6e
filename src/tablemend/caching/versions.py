"""The version of each table: a random token that a write replaces, so that no old result can be found any more."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable, Sequence

EPOCH = ("", "epoch")
"""Stands for everything that is kept: it changes when writes may have been missed."""

SCHEMA = "#schema"
"""Stands for the tables, columns and rights of a database."""

Token = tuple[str, str]
"""Database, and a table of it, `SCHEMA`, or `*` for all its tables."""


def fresh() -> str:
    """A new version: random, since a counter that starts anew would come by old values again."""
    return secrets.token_hex(8)


class Versions:
    """The versions that this process knows; safe for threads."""

    def __init__(self) -> None:
        self._known: dict[Token, str] = {}
        self._lock = threading.Lock()
        self.changes = 0  # how often this process changed some

    def read(self, tokens: Sequence[Token]) -> tuple[str, ...]:
        """The present versions."""
        with self._lock:
            known = self._known
            return tuple([known.get(each) or known.setdefault(each, fresh()) for each in tokens])

    def change(self, tokens: Iterable[Token]) -> None:
        """Give new versions."""
        with self._lock:
            self.changes += 1
            self._known.update((each, fresh()) for each in tokens)

    def adopt(self, tokens: Sequence[Token], found: Sequence[str], *, changes: int) -> None:
        """Take over versions that are shared with others, unless a write came in between, after so many changes."""
        with self._lock:
            if self.changes == changes:
                self._known.update(zip(tokens, found, strict=True))
