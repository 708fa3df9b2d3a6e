"""The table of a database that a dataset was read from, and that its changes go back to."""

from __future__ import annotations

import pyarrow as pa

from tablemend.databases import bulk, urls
from tablemend.databases.database import Database
from tablemend.databases.introspection import TableDescription, describe
from tablemend.errors import Conflict, SourceNotFound, StateError
from tablemend.records import Record, Snapshot, Source
from tablemend.tables.arrow import numbered
from tablemend.tables.server import Table, named

_FILES = {"sqlite": "sqlite:///", "duckdb": "duckdb:///"}


class Target(Record, frozen=True, kw_only=True):
    """A table to write to, as it is now."""

    table: Table
    shown: str  # address with the table, without password
    description: TableDescription
    types: pa.Schema  # of its columns, as reading it gives them


def address(source: Source) -> str:
    """The URL of the database that a source was read from, without password; StateError for other sources."""
    from tablemend.tables.source import SERVERS

    if source.sql is not None:
        raise StateError(f"{source.name} was read by a query, which cannot be written to", hint="Scan a table instead.")
    if source.kind in SERVERS:
        return source.location
    if source.kind in _FILES:
        return _FILES[source.kind] + source.location
    raise StateError(
        f"{source.name} was read from {source.kind}, not from a table of a database",
        hint="Write it to a file with --output.",
    )


def same_place(source: Source, url: str) -> bool:
    """Whether a URL names the very table that a source was read from."""
    try:
        given = urls.parse(url)[1]
        own = urls.parse(address(source))[1]
    except StateError:
        return False
    table = named(source.table or "")
    return given.url == own.url and (given.table is None or (given.schema, given.table) == table)


def look(database: Database, source: Source, read: pa.Schema) -> Target:
    """The table of a source as it is now; MissingObject where it is gone, StateError where it cannot be written to.

    `read` are the types that its columns were read with: SQLite keeps types with values, not with columns.
    """
    schema, name = named(source.table) if source.table else (None, _only_table(database))
    description = describe(database, name, schema)
    shown = f"{database.name}#{'.'.join(each for each in (schema, name) if each)}"
    if description.kind != "table":
        raise StateError(f"{shown} is a {description.kind}, which is not written to", hint="Write to its tables.")
    if not description.primary_key:
        raise StateError(
            f"{shown} has no primary key, by which its rows could be told apart",
            hint="Add one, or write to a new table with --to URL#TABLE.",
        )
    types = read if database.kind == "sqlite" else bulk.schema_of(database, (schema, name))
    return Target(table=(schema, name), shown=shown, description=description, types=types)


def require_new(database: Database, table: Table) -> None:
    """Raise StateError where a table of that name is there already."""
    from tablemend.databases.introspection import tables

    schema, name = table
    if name in {each.name for each in tables(database, schema)}:
        raise StateError(f"{database.name} has a table {name} already", hint="Name a table that is not there yet.")


def _only_table(database: Database) -> str:
    from tablemend.databases.introspection import tables

    found = [each.name for each in tables(database)]
    if len(found) != 1:
        raise SourceNotFound(f"{database.name} has {len(found)} tables, and none is named", hint="Add #table.")
    return found[0]


def require_as_read(target: Target, origin: Snapshot) -> None:
    """Raise Conflict where columns are gone or hold another type than when they were read."""
    there = {each.name for each in target.description.columns}
    empty = target.types.empty_table()
    now = {each.header: each.type for each in numbered(target.types.names, empty.columns)[1] if each.header in there}
    for column in origin.columns:
        if column.header not in now:
            raise Conflict(f"{target.shown} has no column {column.header!r} any more", hint="Scan the table again.")
        as_text = column.type == "text" and target.description.database == "duckdb"  # types that Parquet lacks
        if now[column.header] != column.type and not as_text:
            raise Conflict(
                f"{target.shown}: column {column.header} held {column.type} when it was read and holds "
                f"{now[column.header]} now",
                hint="Scan the table again.",
            )
