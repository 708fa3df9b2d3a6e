"""Tables and queries of database servers, read only."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import sqlalchemy as sa

from tablemend.databases import bulk
from tablemend.databases.database import Database
from tablemend.errors import SourceNotFound, UnreadableSource
from tablemend.records import Column, Source
from tablemend.tables.arrow import numbered
from tablemend.tables.csv import Progress
from tablemend.tables.limits import Limits

Table = tuple[str | None, str]


def read(
    database: Database, source: Source, limits: Limits, progress: Progress | None = None, *, first: int | None = None
) -> tuple[pa.Table, tuple[Column, ...], tuple[str, ...]]:
    """A table, view or query; also the names of the primary key columns, by which the rows of a table are sorted.

    `first` is the number of rows to read, by default all.
    """
    key: tuple[str, ...] = ()
    if source.sql:
        reader = bulk.read(database, _one_select(source.sql, source.name), first=first)
    else:
        table = named(source.table or "")
        key = _key(database, table)
        reader = bulk.read(database, table, order=() if first else key, first=first)
    limits.columns(len(reader.schema), source.name)
    batches = list(_limited(reader, limits, source.name, progress))
    found, columns = numbered(reader.schema.names, pa.Table.from_batches(batches, reader.schema).columns)
    names = {column.header: column.name for column in columns}
    return found, columns, tuple(names[each] for each in key)


def named(text: str) -> Table:
    """Schema, if any, and name of a table."""
    schema, _, name = text.rpartition(".")
    return schema or None, name


def _limited(
    reader: pa.RecordBatchReader, limits: Limits, name: str, progress: Progress | None
) -> Iterator[pa.RecordBatch]:
    """Batches as they arrive, as long as they stay within the limits."""
    rows = size = 0
    with reader:
        for batch in reader:
            rows, size = rows + batch.num_rows, size + batch.nbytes
            limits.rows(rows, name)
            limits.bytes(size, name)
            if progress is not None:
                progress(min(rows / limits.max_rows, 1.0))
            yield batch


def _key(database: Database, table: Table) -> tuple[str, ...]:
    with database.connect(read_only=database.guards_reading) as connection:
        inspector = sa.inspect(connection)
        schema, name = table
        known = [*inspector.get_table_names(schema), *inspector.get_view_names(schema)]
        if name not in known:
            listed = f"It has {', '.join(sorted(known)[:20])}." if known else "It has no tables."
            raise SourceNotFound(f"{database.name} has no table {name!r}.", hint=listed)
        return tuple(inspector.get_pk_constraint(name, schema)["constrained_columns"])


def _one_select(query: str, name: str) -> str:
    import sqlglot

    try:
        statements = [each for each in sqlglot.parse(query) if each is not None]
    except sqlglot.errors.ParseError:
        return query  # the database itself says what is wrong with it; it reads only
    if len(statements) != 1 or not isinstance(statements[0], sqlglot.exp.Query):
        raise UnreadableSource(f"The query on {name} is not one SELECT.", hint="Write one SELECT statement.")
    return query.rstrip().rstrip(";")
