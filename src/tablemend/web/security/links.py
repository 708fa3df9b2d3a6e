"""Links that let one person in once, kept only in memory: they end with the server."""

from __future__ import annotations

import secrets
import threading
import time

from tablemend.records import Record
from tablemend.store.sessions import digest

LASTS = 15 * 60.0
"""Seconds for which a link can be used."""

MOST = 1_000
"""Links that are kept at once; the oldest goes first."""


class Invitation(Record, frozen=True, kw_only=True):
    """Whom a link lets in."""

    name: str
    role: str
    until: float  # of the clock that only goes forward


class OneTimeLinks:
    """The links that are still to be used."""

    def __init__(self) -> None:
        self._kept: dict[str, Invitation] = {}
        self._lock = threading.Lock()

    def issue(self, name: str, role: str) -> str:
        """The secret of a new link."""
        secret = secrets.token_urlsafe(32)
        with self._lock:
            self._kept = {key: each for key, each in self._kept.items() if each.until > time.monotonic()}
            while len(self._kept) >= MOST:
                del self._kept[next(iter(self._kept))]
            self._kept[digest(secret)] = Invitation(name=name, role=role, until=time.monotonic() + LASTS)
        return secret

    def redeem(self, secret: str) -> Invitation | None:
        """Whom a link lets in, the first time and in time only."""
        with self._lock:
            found = self._kept.pop(digest(secret), None)
        return found if found is not None and found.until > time.monotonic() else None
