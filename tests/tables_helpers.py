"""Ways to read, keep and write a table that several test files share."""

from pathlib import Path

import pyarrow as pa

from tablemend.records import Snapshot, now
from tablemend.tables import export, read, source
from tablemend.tables.snapshot import Snapshots


def keep(folder: Path, loaded: read.Loaded, table: pa.Table | None = None) -> tuple[Snapshot, Snapshots]:
    """A snapshot record of a loaded source, with other values where given."""
    snapshots = Snapshots(folder)
    values = loaded.table if table is None else table
    return (
        Snapshot(
            hash=snapshots.write(values),
            dataset=loaded.source.name,
            version=1,
            columns=loaded.columns,
            rows=values.num_rows,
            source=loaded.source,
            created=now(),
            format=loaded.format,
            original=snapshots.keep_original(loaded.original) if loaded.original is not None else None,
        ),
        snapshots,
    )


def load_bytes(folder: Path, data: bytes, name: str = "data.csv", **options: str) -> read.Loaded:
    """Write bytes to a file and read it as a source."""
    path = folder / name
    path.write_bytes(data)
    return read.load(source.parse(str(path), **options))


def written(folder: Path, loaded: read.Loaded, table: pa.Table | None = None, name: str = "out.csv") -> bytes:
    """The bytes of an export."""
    snapshot, snapshots = keep(folder / "workspace", loaded, table)
    target = export.export(snapshot, snapshots, folder / name)
    assert target is not None
    return target.read_bytes()


def with_cells(table: pa.Table, cells: dict[tuple[int, int], object]) -> pa.Table:
    """The same table with other values at (row, column), both from 0 and without `_row`."""
    columns = [column.to_pylist() for column in table.columns]
    for (row, column), value in cells.items():
        columns[column + 1][row] = value
    arrays = [pa.array(column, kind) for column, kind in zip(columns, table.schema.types, strict=True)]
    return pa.table(arrays, names=table.column_names)
