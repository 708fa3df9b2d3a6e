"""Distinct values of the columns of a relation, counted once and kept while they are few."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import count
from typing import TYPE_CHECKING

from tablemend.engine import sql

if TYPE_CHECKING:
    from tablemend.engine.duckdb import Session

_serial = count(1)


class Distincts:
    """Temporary tables (value, n) of the columns of `relation` that have at most `limit` distinct values.

    The relation must not change while this is in use; `close` drops the tables.
    """

    def __init__(self, session: Session, relation: str, columns: Sequence[str], *, limit: int) -> None:
        self._session = session
        self._relation = relation
        self._limit = limit
        self._tables: dict[str, str] = {}
        self._shared: dict[str, str] = {}  # tables of the relation before, not dropped here
        self.given: dict[str, int] = {}  # cells that are not null
        self.approximate: dict[str, int] = {}  # distinct values, within some percent
        self._estimate(columns)

    def _estimate(self, columns: Sequence[str]) -> None:
        if not columns:
            return
        counts = ", ".join(f"count({sql.name(each)}), approx_count_distinct({sql.name(each)})" for each in columns)
        row = self._session.one(f"SELECT {counts} FROM {sql.name(self._relation)}")
        self.given = dict(zip(columns, row[::2], strict=True))
        self.approximate = dict(zip(columns, row[1::2], strict=True))

    def after(self, relation: str, changed: Collection[str]) -> Distincts:
        """The same rows under another name; only the changed columns are counted again."""
        following = Distincts(
            self._session, relation, [each for each in self.given if each in changed], limit=self._limit
        )
        following.given = {**self.given, **following.given}
        following.approximate = {**self.approximate, **following.approximate}
        following._shared = {each: self.source(each) for each in self.given if each not in changed and self.few(each)}
        return following

    def few(self, column: str) -> bool:
        """Whether the column has its own table of values."""
        return self.approximate[column] <= self._limit

    def source(self, column: str) -> str:
        """A relation with `value` and `n`: the table of distinct values, or every row with n = 1."""
        if not self.few(column):
            return f"(SELECT {sql.name(column)} AS value, 1 AS n FROM {sql.name(self._relation)})"
        if column in self._shared:
            return self._shared[column]
        if column not in self._tables:
            self._tables[column] = self._build(column)
        return self._tables[column]

    def _build(self, column: str) -> str:
        table = f"_distinct_{next(_serial)}"
        self._session.execute(
            f"CREATE TEMP TABLE {table} AS "
            f"SELECT {sql.name(column)} AS value, count(*) AS n FROM {sql.name(self._relation)} GROUP BY ALL"
        )
        return table

    def close(self) -> None:
        """Drop the temporary tables."""
        for table in self._tables.values():
            self._session.execute(f"DROP TABLE {table}")
        self._tables.clear()
