"""What was written through a connection, and telling every cache of this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tablemend.errors import DatabaseError

if TYPE_CHECKING:
    from tablemend.caching.catalogue import Catalogue
    from tablemend.caching.statements import Effect
    from tablemend.databases.database import Database

OPTION = "tablemend_writes"
MOST = 1_000
"""Different statements of one transaction that are looked at; with more of them, any table may have changed."""


class Writes:
    """The statements of one connection, and the tables that were written to below it."""

    def __init__(self) -> None:
        self._statements: dict[str, None] = {}
        self._tables: set[tuple[str, str]] = set()
        self._anything = False
        self._schema = False

    def statement(self, sql: str) -> None:
        """Note a statement that passes."""
        if len(self._statements) < MOST:
            self._statements[sql] = None
        elif sql not in self._statements:
            self._anything = True

    def table(self, schema: str | None, name: str, *, new: bool = False) -> None:
        """Note that a table is written to in another way, or made."""
        self._tables.add(((schema or "").lower(), name.lower()))
        self._schema |= new

    def anything(self) -> None:
        """Note that any table may be written to, or made."""
        self._anything = True

    def effect(self, kind: str) -> Effect | None:
        """What all of it changed, committed or not: a COMMIT may come as SQL, and some tables know no rollback.

        None where there was nothing.
        """
        from tablemend.caching.statements import NOTHING, Effect, effect

        found = [each for each in (effect(sql, kind) for sql in self._statements) if each != NOTHING]
        if not (found or self._tables or self._anything):
            return None
        names = self._tables.union(*(each.names for each in found))
        unknown = self._anything or any(each.unknown for each in found)
        schema = unknown or self._schema or any(each.schema for each in found)
        words = frozenset().union(*(each.words for each in found))
        return Effect(names=tuple(sorted(names)), unknown=schema, schema=schema, words=words)


@contextmanager
def published(database: Database) -> Iterator[Writes]:
    """Collect what a block writes; when it has ended, however it ended, results from before are found no more.

    A block that failed may have been committed all the same, so that it counts as if it was.
    """
    writes = Writes()
    try:
        yield writes
    finally:
        _publish(database, writes)


def leave_nothing(database: Database, connection: sa.Connection, writes: Writes) -> None:
    """Close a connection of SQLite that holds temporary tables: others of the pool would read other tables than it."""
    if database.kind != "sqlite" or connection.invalidated:
        return
    change = writes.effect(database.kind)
    if change is None or not change.schema:
        return
    cursor = database.raw(connection).execute("SELECT 1 FROM sqlite_temp_master LIMIT 1")
    if cursor.fetchone() is not None:
        connection.invalidate()


def note_write(connection: sa.Connection, schema: str | None, table: str, *, new: bool = False) -> None:
    """Note a write on the connection of the driver, which no event of SQLAlchemy tells."""
    writes = connection.get_execution_options().get(OPTION)
    if writes is not None:
        writes.table(schema, table, new=new)


def watch(engine: sa.Engine) -> None:
    """See every statement of the engine."""
    sa.event.listen(engine, "before_cursor_execute", _seen)


def _seen(connection: sa.Connection, _: Any, statement: str, *__: Any) -> None:
    writes = connection.get_execution_options().get(OPTION)
    if writes is not None:
        writes.statement(statement)


def _publish(database: Database, writes: Writes) -> None:
    caches = database.caches()
    if not caches:
        return
    effect = writes.effect(database.kind)
    if effect is None:
        return
    from tablemend.caching.catalogue import tables_written

    tables = tables_written(effect, _catalogue(database, effect))
    for cache in caches:
        cache.publish(database.place, tables, schema=effect.schema)


def _catalogue(database: Database, effect: Effect) -> Catalogue:
    """What tells whether a write to a table changes others; nothing where it is not needed or cannot be had."""
    from tablemend.caching.catalogue import NONE

    pool = database.statistics()
    if effect.unknown or pool.in_use >= pool.maximum:  # waiting for a connection would hold the writer up
        return NONE
    try:
        return database.queries.catalogue()
    except DatabaseError:
        return NONE  # every table counts as written
