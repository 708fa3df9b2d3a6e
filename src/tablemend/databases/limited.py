"""A database whose statements are stopped after a while."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from tablemend.databases.database import Database


class Limited:
    """What reading in bulk asks of a database, with a limit of seconds for each statement."""

    def __init__(self, database: Database, timeout: float | None) -> None:
        self._database = database
        self._timeout = timeout
        self.kind = database.kind
        self.raw = database.raw

    def connect(self, *, read_only: bool) -> AbstractContextManager[sa.Connection]:
        """A connection whose statements are stopped."""
        return self._database.connect(read_only=read_only, timeout=self._timeout)

    def adbc(self) -> AbstractContextManager[Any]:
        """An ADBC connection whose statements are stopped, and which cannot write."""
        return self._database.adbc(read_only=True, timeout=self._timeout)
