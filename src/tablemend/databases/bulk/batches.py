"""Arrow data as a stream of batches that were looked at."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from tablemend.databases.bulk import checks
from tablemend.databases.bulk.dialect import Dialect

ROWS = 65_536
"""Rows of a batch; a few megabytes of a common table, so that memory stays bounded and calls stay few."""


class Batches:
    """Checked batches of a table or reader, counted while they pass."""

    def __init__(self, dialect: Dialect, data: pa.Table | pa.RecordBatchReader, names: list[str]) -> None:
        self.dialect = dialect
        self.names = names
        self.rows = 0
        self._reader = data.to_reader(max_chunksize=ROWS) if isinstance(data, pa.Table) else data
        checks.types(dialect, pa.schema([self._reader.schema.field(name) for name in names]))

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._reader:
            for start in range(0, batch.num_rows, ROWS):
                piece = checks.plain(self.dialect, batch.slice(start, ROWS).select(self.names), self.rows)
                self.rows += piece.num_rows
                yield piece
