"""What a detector sees: one relation, with the reads that several detectors share done once."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property

import numpy as np
import pyarrow as pa

from tablemend.engine import sql
from tablemend.engine.duckdb import Session
from tablemend.quality.checks.subject import textual
from tablemend.quality.distinct import Distincts
from tablemend.quality.thresholds import DEFAULT
from tablemend.records import Profile
from tablemend.tables import buffers
from tablemend.tables.columns import BINARY

Codes = np.ndarray[tuple[int], np.dtype[np.int32]]
"""Dictionary codes of a column, one per row; -1 is NULL."""

KEY_LIKE = 0.6
"""Columns with more distinct values per filled cell than this hold too few repeats to learn from."""


MOST_DISTINCT = 100_000
"""Columns with more distinct values are too costly to compare value by value."""

SAMPLE = 20_000
"""Cells from which a key-like column is judged."""


class Distinct:
    """The distinct values of a column, most frequent first, without NULL."""

    def __init__(self, values: list[str], counts: np.ndarray, *, whole: bool) -> None:
        self.values = values
        self.counts = counts
        self.whole = whole  # False where only a sample was read
        self.cells = int(counts.sum())


class Encoded:
    """A column as dictionary codes: `values[code]`."""

    def __init__(self, raw: Codes, codes: Codes, values: list[str]) -> None:
        self.raw = raw  # -1 is NULL
        self.codes = codes  # -1 is NULL or blank
        self.values = values


class Workbench:
    """One VARCHAR relation (`_row` and the columns) as detectors read it."""

    def __init__(
        self, session: Session, relation: str, *, profile: Profile | None = None, distincts: Distincts | None = None
    ) -> None:
        self.session = session
        self.relation = relation
        self.whole = profile  # of every column, those of bytes too
        self.profile = textual(profile) if profile else None
        self._distincts = distincts
        self._distinct: dict[str, Distinct] = {}
        self._encoded: dict[str, Encoded] = {}

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns in order, without `_row` and without those of bytes, which no detector may read as text."""
        binary = {each.name for each in self.whole.columns if each.type == BINARY} if self.whole else set()
        return tuple(name for name in self.every if name not in binary)

    @cached_property
    def every(self) -> tuple[str, ...]:
        """All columns in order, without `_row`: what makes rows equal."""
        described = self.session.rows(f"DESCRIBE {sql.name(self.relation)}")
        return tuple(name for name, *_ in described if name != "_row")

    @cached_property
    def rows(self) -> int:
        """The number of rows."""
        return self.one("count(*)")

    @cached_property
    def distincts(self) -> Distincts:
        """Distinct values as tables of the session."""
        if self._distincts is not None:
            return self._distincts
        return Distincts(self.session, self.relation, self.every, limit=DEFAULT.distinct_table)

    @property
    def cardinality(self) -> dict[str, tuple[int, int]]:
        """For each column: filled cells and (approximate) distinct values."""
        known = self.distincts
        return {each: (known.given[each], known.approximate[each]) for each in self.every}

    @cached_property
    def row_numbers(self) -> np.ndarray:
        """The `_row` of each position of an encoded column."""
        found = self.session.arrow(f"SELECT _row FROM {sql.name(self.relation)} ORDER BY _row")
        return buffers.numbers(found.column(0).combine_chunks())

    def one(self, expression: str) -> int:
        """One aggregate over the relation."""
        return int(self.session.one(f"SELECT {expression} FROM {sql.name(self.relation)}")[0])

    def repeats(self, column: str) -> bool:
        """Whether values of the column repeat enough to learn from."""
        filled, distinct = self.cardinality[column]
        return filled > 0 and distinct <= min(KEY_LIKE * filled, MOST_DISTINCT)

    def after(self, relation: str, changed: Collection[str]) -> Workbench:
        """The same table after a phase, read again only where columns have changed."""
        following = Workbench(
            self.session, relation, profile=self.whole, distincts=self.distincts.after(relation, changed)
        )
        following._encoded = {each: known for each, known in self._encoded.items() if each not in changed}
        following._distinct = {each: known for each, known in self._distinct.items() if each not in changed}
        following.__dict__.update(rows=self.rows, columns=self.columns, every=self.every)
        return following

    def distinct(self, column: str) -> Distinct:
        """The distinct values of a column; of its first cells only, where it has too many."""
        if column not in self._distinct:
            self._distinct[column] = self._count(column) if self.repeats(column) else self._sample(column)
        return self._distinct[column]

    def _count(self, column: str) -> Distinct:
        encoded = self.encoded(column)
        counts = np.bincount(encoded.raw[encoded.raw >= 0], minlength=len(encoded.values))
        order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
        return Distinct([encoded.values[each] for each in order.tolist()], counts[order], whole=True)

    def _sample(self, column: str) -> Distinct:
        name = sql.name(column)
        table = self.session.arrow(
            f"SELECT v, count(*) AS n FROM (SELECT {name} AS v FROM {sql.name(self.relation)} "
            f"WHERE {name} IS NOT NULL LIMIT {SAMPLE}) GROUP BY 1 ORDER BY n DESC, v"
        )
        counts = buffers.numbers(table.column("n").combine_chunks())
        return Distinct(table.column("v").to_pylist(), counts, whole=self.cardinality[column][0] <= SAMPLE)

    def encoded(self, column: str) -> Encoded:
        """The whole column as dictionary codes in `_row` order; blank text is -1."""
        if column not in self._encoded:
            self._encoded[column] = _encode(
                self.session.arrow(f"SELECT _row, {sql.name(column)} AS v FROM {sql.name(self.relation)}")
            )
        return self._encoded[column]


def _encode(table: pa.Table) -> Encoded:
    encoded = table.column("v").combine_chunks().dictionary_encode()
    raw = buffers.numbers(encoded.indices).astype(np.int32)
    if encoded.null_count:
        raw[~buffers.truths(encoded.is_valid())] = -1
    numbers = buffers.numbers(table.column("_row").combine_chunks())
    if (numbers[1:] < numbers[:-1]).any():
        raw = raw[np.argsort(numbers)]
    values = encoded.dictionary.to_pylist()
    blank = np.asarray([not each.strip() for each in values] + [False], dtype=bool)
    codes = np.where(blank[raw], np.int32(-1), raw) if blank.any() else raw
    return Encoded(raw, codes, values)
