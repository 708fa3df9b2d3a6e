"""DuckDB as SQLAlchemy expects a driver to be: its cursors are connections with transactions of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_COUNTED = re.compile(r"\s*(INSERT|UPDATE|DELETE|MERGE)\b(?!.*\bRETURNING\b)", re.I | re.S)


class Connection:
    """A connection whose cursors share its transaction."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def cursor(self) -> Cursor:
        """A cursor in the transaction of this connection."""
        return Cursor(self.driver)

    def commit(self) -> None:
        """Commit what was begun."""
        self.driver.commit()

    def rollback(self) -> None:
        """Take back what was begun."""
        self.driver.rollback()

    def close(self) -> None:
        """Close the connection."""
        self.driver.close()


class Cursor:
    """A statement with its result, read at once: the next statement of the connection would discard it."""

    arraysize = 1
    lastrowid = None

    def __init__(self, driver: Any) -> None:
        self._driver = driver
        self._rows: list[tuple[Any, ...]] = []
        self.description: Any = None
        self.rowcount = -1

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        """Run a statement."""
        self._driver.execute(statement, list(parameters))
        self._read(statement)

    def executemany(self, statement: str, parameters: Sequence[Sequence[Any]]) -> None:
        """Run a statement for each row of parameters; Arrow is the fast way."""
        self._driver.executemany(statement, [list(row) for row in parameters])
        self._read(statement)
        self.rowcount = len(parameters) if self.rowcount >= 0 else -1

    def _read(self, statement: str) -> None:
        self.description, self.rowcount = self._driver.description, -1
        self._rows = self._driver.fetchall() if self.description else []
        if _COUNTED.match(statement):
            self.rowcount = int(self._rows[0][0]) if self._rows else -1
            self.description, self._rows = None, []
        self._rows.reverse()  # taken from the end

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row, or none."""
        return self._rows.pop() if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        """The next rows."""
        return [self._rows.pop() for _ in range(min(size or self.arraysize, len(self._rows)))]

    def fetchall(self) -> list[tuple[Any, ...]]:
        """The rows that are left."""
        return self.fetchmany(len(self._rows)) if self._rows else []

    def setinputsizes(self, *_: object) -> None:
        """Nothing to prepare."""

    def close(self) -> None:
        """Let the rows go; the connection stays open."""
        self._rows = []
