"""The driver's connection inside a transaction, with the dialect that it speaks."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any

from tablemend.databases.bulk.dialect import Dialect


class Wire:
    """Statements on the driver itself: bulk data passes without a layer that looks at each value."""

    def __init__(self, driver: Any, dialect: Dialect) -> None:
        self.driver = driver
        self.dialect = dialect

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run a statement; the number of rows that the database says it touched."""
        with closing(self.driver.cursor()) as cursor:
            cursor.execute(sql, *((tuple(values),) if values else ()))
            return int(cursor.rowcount)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        with closing(self.driver.cursor()) as cursor:
            cursor.execute(sql, *((tuple(values),) if values else ()))
            return [tuple(each) for each in cursor.fetchall()]

    def count(self, sql: str) -> int:
        """The number that a query gives."""
        ((number,),) = self.rows(sql)
        return int(number)
