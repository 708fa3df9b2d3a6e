"""Asking a database: every statement of a survey on one read-only connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlglot import exp

from tablemend.databases import failures
from tablemend.databases.database import Database
from tablemend.errors import StateError
from tablemend.quality.pushdown.columns import Ask
from tablemend.quality.pushdown.dialects import SPELLINGS


@contextmanager
def asking(database: Database, timeout: float) -> Iterator[Ask]:
    """Runs queries, each for so many seconds at most; a failed one does not keep the next from running.

    StateError for a kind of database whose SQL is not spelled out; DatabaseError where one fails.
    """
    spelling = SPELLINGS.get(database.kind)
    if spelling is None:
        raise StateError(
            f"checks cannot run in {database.kind}", hint=f"They can in {', '.join(sorted(SPELLINGS))}; read the table."
        )
    grammar = spelling.grammar
    with database.connect(read_only=database.guards_reading, timeout=timeout) as connection:
        plain = connection.execution_options(no_parameters=True)

        def ask(query: exp.Expression) -> list[tuple[Any, ...]]:
            with failures.translated(database.kind, database.url):
                try:
                    if spelling.prepare:
                        plain.exec_driver_sql(spelling.prepare)
                    return [tuple(row) for row in plain.exec_driver_sql(query.sql(dialect=grammar))]
                except Exception:
                    plain.rollback()  # the transaction is of no use any more
                    raise

        yield ask
