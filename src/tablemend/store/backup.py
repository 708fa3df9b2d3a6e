"""The tables of a state as files, and back: the same files for every database that can hold one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tablemend.errors import StateError
from tablemend.store import migrate, schema
from tablemend.store.database import Database

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH = 20_000  # rows held in memory at a time


def dump(database: Database, folder: Path) -> dict[str, int]:
    """Write every table as a Parquet file, all as of one moment; the rows of each."""
    with database.reading() as connection:
        return {
            table.name: _write(connection, table, folder / f"{table.name}.parquet") for table in _tables(connection)
        }


def _write(connection: sa.Connection, table: sa.Table, path: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    form = pa.schema([(column.name, _arrow_type(column)) for column in table.columns])
    query = sa.select(table).order_by(*table.primary_key.columns).execution_options(yield_per=_BATCH)
    count = 0
    with pq.ParquetWriter(path, form, compression="zstd") as writer:
        for rows in connection.execute(query).partitions():
            columns = [pa.array(values, form.field(n).type) for n, values in enumerate(zip(*rows, strict=True))]
            writer.write_table(pa.Table.from_arrays(columns, schema=form))
            count += len(rows)
    return count


def counts(database: Database) -> dict[str, int]:
    """The rows of every table."""
    with database.reading() as connection:
        return {table.name: _count(connection, table) for table in _tables(connection)}


def _count(connection: sa.Connection, table: sa.Table) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def load(where: str | Path, version: str, folder: Path, *, expected: Mapping[str, int]) -> dict[str, int]:
    """Fill an empty state with the tables of a dump of that schema version, and lead it to this version.

    All or nothing. The rows of each table. StateError where the state holds anything already, or other numbers of
    rows came than expected.
    """
    migrate.require_known(version)
    with Database(where, prepare=False) as database, database.exclusively() as connection:
        _require_empty(connection, database.name)
        schema.metadata.drop_all(connection)
        migrate.upgrade(connection, "base", version)
        restored: dict[str, int] = {}
        for table in _tables(connection):
            connection.execute(table.delete())  # what a new state holds by itself
            restored[table.name] = _read(database, connection, table, folder / f"{table.name}.parquet")
        if restored != dict(expected):
            raise StateError(f"the backup is not whole: it holds {restored}, not {dict(expected)} rows")
        database.dialect.renumber(connection)
        if version != schema.VERSION:
            migrate.upgrade(connection, version)
    return restored


def _read(database: Database, connection: sa.Connection, table: sa.Table, path: Path) -> int:
    import pyarrow.parquet as pq

    names, count = [column.name for column in table.columns], 0
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH, columns=names):
            rows = list(zip(*(batch[name].to_pylist() for name in names), strict=True))
            database.insert(connection, table, names, rows)
            count += len(rows)
    return count


def _require_empty(connection: sa.Connection, name: str) -> None:
    """Raise where a state holds anything but what a new one does."""
    if not sa.inspect(connection).has_table(schema.runs.name):
        return
    for table in _tables(connection):
        if table.name == schema.counters.name:
            continue
        if count := _count(connection, table):
            raise StateError(
                f"the state {name} is not empty: it holds {count:,} rows of {table.name} already",
                hint="Restore into a folder of its own: tablemend --data FOLDER store restore FILE.",
            )


def _tables(connection: sa.Connection) -> Iterator[sa.Table]:
    """The tables of the state as they are, parents before children, without that of the schema version."""
    names = set(sa.inspect(connection).get_table_names()) & (
        schema.metadata.tables.keys() - {schema.version_table.name}
    )
    found = sa.MetaData()
    found.reflect(connection, only=sorted(names))
    return iter(found.sorted_tables)


def _arrow_type(column: sa.Column[Any]) -> pa.DataType:
    import pyarrow as pa

    kinds = (
        (sa.Boolean, pa.bool_()),
        (sa.Integer, pa.int64()),
        (sa.Float, pa.float64()),
        (sa.LargeBinary, pa.binary()),
        (sa.String, pa.string()),
    )
    return next(arrow for kind, arrow in kinds if isinstance(column.type, kind))
