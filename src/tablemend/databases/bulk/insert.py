"""Adding rows."""

from __future__ import annotations

from contextlib import AbstractContextManager

import sqlalchemy as sa

from tablemend.databases.bulk import checks
from tablemend.databases.bulk.batches import Batches, Data
from tablemend.databases.bulk.dialect import Column
from tablemend.databases.bulk.wire import Table, Wire, around, shown, writing
from tablemend.databases.database import Database
from tablemend.errors import CountMismatch


def insert(where: Database | sa.Connection, table: Table, data: Data) -> int:
    """Add the rows of Arrow data to a table, matched by the names of columns; how many, as the database counted.

    Columns that the database computes are left out. All rows are added or none: with a Database in a transaction of its
    own, with a connection in the one that is open. Raises DataRefused for what the database cannot hold, MissingObject,
    CountMismatch, ConstraintBroken and the other kinds of DatabaseError.
    """
    with writing(where, table) as wire:
        known = {each.name: each for each in wire.columns(table)}
        checks.columns(data.schema.names, list(known), shown(table))
        columns = [known[name] for name in data.schema.names if not known[name].generated]
        positions = [data.schema.names.index(each.name) for each in columns]
        batches = Batches(wire.dialect, data, positions, columns)
        target = wire.dialect.qualified(*table)
        with numbering(wire, target, columns):
            counted = wire.dialect.load(wire, target, [wire.dialect.quoted(each.name) for each in columns], batches)
        if counted != batches.rows:
            raise CountMismatch(
                f"{batches.rows:,} rows were handed over for {shown(table)}, but the database counted {counted:,}.",
                hint="Nothing is kept; a trigger or a rule of the table may drop or add rows.",
            )
        return counted


def numbering(wire: Wire, target: str, columns: list[Column]) -> AbstractContextManager[None]:
    """A block in which values of identity columns may be written."""
    first, last = wire.dialect.numbered if any(each.identity for each in columns) else ("", "")
    return around(wire, (first.format(target=target), last.format(target=target)))
