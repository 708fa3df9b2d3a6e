"""The driver's connection inside a transaction, with the dialect that it speaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from tablemend.databases.bulk.dialect import Column, Dialect
from tablemend.databases.bulk.registry import DIALECTS, KINDS
from tablemend.databases.database import Database
from tablemend.databases.writes import note_write
from tablemend.errors import DatabaseError, MissingObject

Table = tuple[str | None, str]
"""Schema (None: the one that the connection looks in) and name of a table."""


class Wire:
    """Statements on the driver itself: bulk data passes without a layer that looks at each value."""

    def __init__(self, driver: Any, dialect: Dialect) -> None:
        self.driver = driver
        self.dialect = dialect

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run a statement; the number of rows that the database says it touched."""
        with self.dialect.opened(self.driver) as cursor:
            cursor.execute(sql, *((tuple(values),) if values else ()))
            return self.dialect.counted(cursor)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        with self.dialect.opened(self.driver) as cursor:
            cursor.execute(sql, *((tuple(values),) if values else ()))
            return [tuple(each) for each in cursor.fetchall()]

    def count(self, sql: str) -> int:
        """The number that a query gives."""
        ((number,),) = self.rows(sql)
        return int(number)

    def columns(self, table: Table) -> tuple[Column, ...]:
        """The columns of a table, from the catalogue; MissingObject where there is no such table."""
        found = self.rows(self.dialect.catalogue, table)
        if not found:
            raise MissingObject(
                f"There is no table {shown(table)} in {self.dialect.name}.", hint="Check its name and its schema."
            )
        return tuple(
            Column(name=name, type=kind, generated=bool(generated), identity=bool(identity))
            for name, kind, generated, identity in found
        )


def shown(table: Table) -> str:
    """A table as people write it."""
    return ".".join(each for each in table if each is not None)


@contextmanager
def reading(database: Database) -> Iterator[Wire]:
    """A connection that only reads."""
    with database.connect(read_only=True) as connection:
        yield Wire(database.raw(connection), DIALECTS[database.kind])


@contextmanager
def writing(where: Database | sa.Connection, table: Table) -> Iterator[Wire]:
    """A transaction of its own, or a step inside an open one; taken back as a whole where the block raises."""
    if isinstance(where, Database):
        with where.transaction() as connection, writing(connection, table) as wire:
            yield wire
        return
    wire = opened(where)
    note_write(where, *table)
    with _step(where, wire.dialect), around(wire, wire.dialect.session):
        yield wire


def opened(connection: sa.Connection) -> Wire:
    """The wire of a connection; DatabaseError where it has no open transaction, as what it does would be lost."""
    if not connection.in_transaction():
        raise DatabaseError(
            "Bulk changes need an open transaction; this connection has none.",
            hint="Use `with database.transaction() as connection`, or hand over the database itself.",
        )
    return Wire(connection.connection.driver_connection, DIALECTS[KINDS[connection.dialect.name]])


@contextmanager
def _step(connection: sa.Connection, dialect: Dialect) -> Iterator[None]:
    """Take back this step where there are savepoints, else the whole transaction, which cannot be committed then."""
    nested = connection.begin_nested() if dialect.savepoints else None
    try:
        yield
    except BaseException as error:
        with noted(error, "taking back this step"):
            (nested.rollback if nested is not None else connection.invalidate)()
        raise
    if nested is not None:
        nested.commit()


@contextmanager
def around(wire: Wire, statements: tuple[str, str]) -> Iterator[None]:
    """Run the first statement before the block and the second after it, whatever happened in it."""
    first, last = statements
    if not first:
        yield
        return
    wire.run(first)
    try:
        yield
    except BaseException as error:
        with noted(error, "restoring the session"):
            wire.run(last)
        raise
    wire.run(last)


@contextmanager
def noted(error: BaseException, what: str) -> Iterator[None]:
    """Keep a failure while cleaning up as a note on the error that came first, which says what is wrong."""
    try:
        yield
    except Exception as second:  # noqa: BLE001 - any failure of the driver
        error.add_note(f"{what} failed too: {second}")
