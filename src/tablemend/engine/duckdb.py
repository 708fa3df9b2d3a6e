"""DuckDB as the embedded engine: one in-memory session per piece of work."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tablemend.engine import sql
from tablemend.errors import SettingsError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


class Session:
    """An in-memory DuckDB that spills to a temporary folder; not shared between threads.

    Every result is fetched whole, because a connection with an unread result refuses other work.
    """

    distributed = False  # whether loaded tables are elsewhere

    def __init__(self, *, memory_limit: str = "1GB", threads: int | None = None, spill: Path | None = None) -> None:
        import duckdb

        folder = spill or Path(tempfile.gettempdir())
        config: dict[str, Any] = {
            "memory_limit": memory_limit,
            "temp_directory": str(folder / "tablemend-spill"),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        if threads:
            config["threads"] = threads
        try:
            self._connection: duckdb.DuckDBPyConnection = duckdb.connect(":memory:", config=config)
        except duckdb.Error as problem:
            first = str(problem).splitlines()[0].rstrip(".!")
            raise SettingsError(
                f"the engine does not start: {first}", hint="Look at the settings memory_limit and threads."
            ) from problem

    def branch(self) -> Session:
        """A session of its own on the same engine: its temporary tables and views are gone when it closes."""
        made = object.__new__(Session)
        made._connection = self._connection.cursor()
        return made

    def embedded(self) -> Session:
        """A session of its own on the embedded engine, whatever engine this one is on."""
        return Session.branch(self)

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        """The errors of statements that cannot be carried out."""
        import duckdb

        return (duckdb.Error,)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the memory; a second call does nothing."""
        self._connection.close()

    def interrupt(self) -> None:
        """Stop the statement that runs, from another thread; it raises InterruptException there."""
        self._connection.interrupt()

    def execute(self, statement: str, parameters: list[Any] | None = None) -> None:
        """Run a statement for its effect."""
        self._connection.execute(statement, parameters)

    def arrow(self, query: str, parameters: list[Any] | None = None) -> pa.Table:
        """Run a query; the whole result as an Arrow table."""
        return self._connection.sql(query, params=parameters).to_arrow_table()

    def rows(self, query: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """Run a query; the whole result as tuples."""
        found: list[tuple[Any, ...]] = self._connection.execute(query, parameters).fetchall()
        return found

    def one(self, query: str, parameters: list[Any] | None = None) -> tuple[Any, ...]:
        """Run a query that gives exactly one row."""
        (row,) = self.rows(query, parameters)
        return row

    def load(self, relation: str, query: str) -> None:
        """Make a query of registered tables a relation to work on: `_row`, and columns of text."""
        self.execute(f"CREATE OR REPLACE TEMP VIEW {sql.name(relation)} AS {query}")

    def register(self, relation: str, table: pa.Table) -> None:
        """Make an Arrow table readable under a name, without copying it."""
        self._connection.register(relation, table)

    def unregister(self, relation: str) -> None:
        """Forget a registered table."""
        self._connection.unregister(relation)
