"""Arrow data as a stream of batches that were looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import pyarrow as pa

from tablemend.databases.bulk import checks
from tablemend.databases.bulk.dialect import Column, Dialect

ROWS = 65_536
"""Rows of a batch; a few megabytes of a common table, so that memory stays bounded and calls stay few."""

BYTES = 64 * 2**20
"""Most bytes of a batch, unless one row has more; texts of megabytes would make batches of gigabytes."""

Data: TypeAlias = pa.Table | pa.RecordBatchReader


class Batches:
    """Checked batches of some columns of a table or reader, counted while they pass."""

    def __init__(self, dialect: Dialect, data: Data, positions: Sequence[int], columns: Sequence[Column]) -> None:
        """`columns` are what the columns at `positions` of the data are written to."""
        self.dialect = dialect
        self.rows = 0
        self.schema = pa.schema([data.schema.field(each) for each in positions])
        self._positions = list(positions)
        self._data = data
        checks.types(dialect, self.schema, columns)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        reader = self._data.to_reader(max_chunksize=ROWS) if isinstance(self._data, pa.Table) else self._data
        for batch in reader:
            chosen = batch.select(self._positions)
            step = min(ROWS, max(1, chosen.num_rows * BYTES // max(chosen.nbytes, 1)))
            for start in range(0, chosen.num_rows, step):
                piece = checks.plain(self.dialect, chosen.slice(start, step), self.rows)
                self.rows += piece.num_rows
                yield piece
