"""Taking batches from anything that yields rows, without the rows that earlier runs settled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

import pyarrow as pa

from tablemend.batching.ledger import Settled
from tablemend.errors import StateError


class Rows:
    """Rows one by one, read only as far as they are asked for."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self._rows = iter(rows)
        self._problem: Exception | None = None

    def take(self, n: int) -> list[Any]:
        """At most n rows; fewer only at the end, or before the source fails, which the next call raises."""
        if self._problem is not None:
            raise self._problem
        found: list[Any] = []
        try:
            found.extend(islice(self._rows, n))
        except Exception as problem:
            if not found:
                raise
            self._problem = problem
        return found


class ArrowRows:
    """Rows of Arrow batches or tables, sliced and joined without looking at them."""

    def __init__(self, chunks: Iterable[pa.RecordBatch | pa.Table]) -> None:
        self._chunks = iter(chunks)
        self._rest: pa.Table | None = None
        self._problem: Exception | None = None

    def take(self, n: int) -> pa.Table:
        """At most n rows; fewer only at the end, or before the source fails, which the next call raises."""
        parts: list[pa.Table] = []
        wanted = n
        while wanted and (chunk := self._next(fail=not parts)) is not None:
            parts.append(chunk.slice(0, wanted))
            wanted -= parts[-1].num_rows
            self._rest = chunk.slice(parts[-1].num_rows) if parts[-1].num_rows < chunk.num_rows else None
        return parts[0] if len(parts) == 1 else pa.concat_tables(parts) if parts else []

    def _next(self, *, fail: bool) -> pa.Table | None:
        if self._rest is not None:
            return self._rest
        try:
            if self._problem is None:
                found = (chunk for chunk in self._chunks if chunk.num_rows)
                chunk = next(found, None)
                return pa.Table.from_batches([chunk]) if isinstance(chunk, pa.RecordBatch) else chunk
        except Exception as problem:  # noqa: BLE001 - of any source; raised when it is its turn
            self._problem = problem
        if fail and self._problem is not None:
            raise self._problem
        return None


def rows(source: Any) -> Rows | ArrowRows:
    """What takes rows from a source: Arrow data in any form, or anything to iterate over."""
    if isinstance(source, pa.Table | pa.RecordBatch):
        return ArrowRows([source])
    if hasattr(source, "__arrow_c_stream__"):
        return ArrowRows(pa.RecordBatchReader.from_stream(source))
    each = iter(source)
    first = list(islice(each, 1))
    kind = ArrowRows if first and isinstance(first[0], pa.Table | pa.RecordBatch) else Rows
    return kind(chain(first, each))


class Unsettled:
    """Rows of a source that no earlier run has settled, with their positions; counts what it passes over."""

    def __init__(self, source: Any, settled: Sequence[Settled]) -> None:
        """`settled` is in the order of positions, without overlaps."""
        self._source = source
        self._rows: Rows | ArrowRows | None = None
        self._settled: Iterator[Settled] = iter(settled)
        self._ahead = next(self._settled, None)
        self.position = 0
        self.passed: list[Settled] = []  # over since somebody emptied this

    def take(self, n: int) -> tuple[int, Any]:
        """The position of the first of at most n rows, and the rows; none at the end of the source.

        StateError where the source ends inside of what was settled: it is another source.
        """
        if self._rows is None:
            self._rows = rows(self._source)
        while self._ahead is not None and self._ahead.first == self.position:
            self._pass_over(self._ahead)
            self._ahead = next(self._settled, None)
        bound = n if self._ahead is None else min(n, self._ahead.first - self.position)
        found = self._rows.take(bound)
        if bound and self._ahead is not None and not len(found):
            self._pass_over(self._ahead)  # which says what is missing
        first = self.position
        self.position += len(found)
        return first, found

    def _pass_over(self, settled: Settled) -> None:
        rows = self._rows
        while rows is not None and self.position < settled.first + settled.rows:
            passed = len(rows.take(min(settled.first + settled.rows - self.position, 65_536)))
            if not passed:
                raise StateError(
                    f"the source ends at row {self.position:,}, but this job has settled the rows"
                    f" {settled.first:,} to {settled.first + settled.rows - 1:,}",
                    hint="Hand over the source that the job began with, or give the job another name.",
                )
            self.position += passed
        self.passed.append(settled)
