"""What a detector sees: one relation, with the reads that several detectors share done once."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pyarrow as pa

from tablemend.engine import sql
from tablemend.engine.duckdb import Session
from tablemend.records import Profile

Codes = np.ndarray[tuple[int], np.dtype[np.int32]]
"""Dictionary codes of a column, one per row; -1 is NULL."""

KEY_LIKE = 0.6
"""Columns with more distinct values per filled cell than this hold too few repeats to learn from."""


class Distinct:
    """The distinct values of a column, most frequent first, without NULL."""

    def __init__(self, values: list[str], counts: np.ndarray, filled: int) -> None:
        self.values = values
        self.counts = counts
        self.filled = filled

    @property
    def key_like(self) -> bool:
        """Whether nearly every cell holds a value of its own."""
        return len(self.values) > KEY_LIKE * max(self.filled, 1)


class Encoded:
    """A column as dictionary codes: `values[code]`."""

    def __init__(self, raw: Codes, codes: Codes, values: list[str]) -> None:
        self.raw = raw  # -1 is NULL
        self.codes = codes  # -1 is NULL or blank
        self.values = values


class Workbench:
    """One VARCHAR relation (`_row` and the columns) as detectors read it."""

    def __init__(self, session: Session, relation: str, *, profile: Profile | None = None) -> None:
        self.session = session
        self.relation = relation
        self.profile = profile
        self._distinct: dict[str, Distinct] = {}
        self._encoded: dict[str, Encoded] = {}

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns in order, without `_row`."""
        described = self.session.rows(f"DESCRIBE {sql.name(self.relation)}")
        return tuple(name for name, *_ in described if name != "_row")

    @cached_property
    def rows(self) -> int:
        """The number of rows."""
        return int(self.session.one(f"SELECT count(*) FROM {sql.name(self.relation)}")[0])

    @cached_property
    def cardinality(self) -> dict[str, tuple[int, int]]:
        """For each column: filled cells and (approximate) distinct values."""
        counts = ", ".join(f"count({sql.name(each)}), approx_count_distinct({sql.name(each)})" for each in self.columns)
        if not self.columns:
            return {}
        found = self.session.one(f"SELECT {counts} FROM {sql.name(self.relation)}")
        return {each: (found[2 * i], found[2 * i + 1]) for i, each in enumerate(self.columns)}

    @cached_property
    def row_numbers(self) -> np.ndarray:
        """The `_row` of each position of an encoded column."""
        return self.session.arrow(f"SELECT _row FROM {sql.name(self.relation)} ORDER BY _row").column(0).to_numpy()

    def repeats(self, column: str) -> bool:
        """Whether values of the column repeat enough to learn from."""
        filled, distinct = self.cardinality[column]
        return filled > 0 and distinct <= KEY_LIKE * filled

    def distinct(self, column: str, *, limit: int = 50_000) -> Distinct:
        """The `limit` most frequent distinct values of a column."""
        if column not in self._distinct:
            self._distinct[column] = self._read_distinct(column, limit)
        return self._distinct[column]

    def _read_distinct(self, column: str, limit: int) -> Distinct:
        name = sql.name(column)
        table = self.session.arrow(
            f"SELECT {name} AS v, count(*) AS n FROM {sql.name(self.relation)} WHERE {name} IS NOT NULL "
            f"GROUP BY 1 ORDER BY n DESC, v LIMIT {limit}"
        )
        return Distinct(
            table.column("v").to_pylist(), table.column("n").to_numpy().astype(np.int64), self.cardinality[column][0]
        )

    def encoded(self, column: str) -> Encoded:
        """The whole column as dictionary codes in `_row` order; blank text is -1."""
        if column not in self._encoded:
            name = sql.name(column)
            table = self.session.arrow(f"SELECT {name} AS v FROM {sql.name(self.relation)} ORDER BY _row")
            self._encoded[column] = _encode(table)
        return self._encoded[column]


def _encode(table: pa.Table) -> Encoded:
    array = table.column("v").combine_chunks()
    encoded = array.dictionary_encode() if not isinstance(array, pa.DictionaryArray) else array
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    raw = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    values = encoded.dictionary.to_pylist()
    blank = np.asarray([not each.strip() for each in values] + [True], dtype=bool)
    return Encoded(raw, np.where(blank[raw], -1, raw).astype(np.int32), values)
