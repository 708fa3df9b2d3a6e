"""What a table holds: one profile per column, from its distinct values where they are few."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from tablemend.engine import sql
from tablemend.quality import dates, missing, patterns, semantic
from tablemend.quality.dependencies import discover
from tablemend.quality.distinct import Distincts
from tablemend.quality.expressions import moment, number
from tablemend.quality.thresholds import DEFAULT, Thresholds
from tablemend.records import Column, ColumnProfile, Count, Dependency, ForeignKey, Profile
from tablemend.tables.columns import BINARY

if TYPE_CHECKING:
    from tablemend.engine.duckdb import Session

_Values = list[tuple[str, int]]
_NUMBERS = ("integer", "decimal")
_WITH_UNITS = ("measure", *_NUMBERS)
_LONG = 64


def profile(
    session: Session,
    relation: str,
    columns: Sequence[Column],
    *,
    settings: Thresholds = DEFAULT,
    distincts: Distincts | None = None,
    foreign_keys: Sequence[ForeignKey] = (),
) -> Profile:
    """Profile a relation of `_row` and text columns. Counts are exact unless marked otherwise."""
    names = [column.name for column in columns]
    (rows,) = session.one(f"SELECT count(*) FROM {sql.name(relation)}")
    known = distincts or Distincts(session, relation, names, limit=settings.distinct_table)
    binary = {column.name for column in columns if column.type == BINARY}
    try:
        describer = _Describer(session, relation, rows, known, settings)
        described = tuple(describer.binary(name) if name in binary else describer.column(name) for name in names)
        describer.close()
    finally:
        if distincts is None:
            known.close()
    keys = tuple((each.name,) for each in described if _is_key(each))
    return Profile(
        rows=rows,
        columns=described,
        duplicate_rows=0 if keys else duplicate_rows(session, relation, names),
        keys=keys,
        dependencies=_dependencies(session, relation, rows, described, settings),
        foreign_keys=tuple(foreign_keys),
    )


def _is_key(column: ColumnProfile) -> bool:
    return column.rows > 1 and column.distinct_exact and column.distinct == column.rows and not column.nulls


def _dependencies(
    session: Session, relation: str, rows: int, columns: Sequence[ColumnProfile], limits: Thresholds
) -> tuple[Dependency, ...]:
    """Dependencies between the first columns whose values repeat, learned from rows chosen by hash."""
    repeating = [each.name for each in columns if _repeats(each, limits)]
    names = repeating[: limits.dependency_columns]
    if len(names) < 2:
        return ()
    step = max(1, rows // limits.dependency_rows)
    table = session.arrow(f"SELECT {sql.names(names)} FROM {sql.name(relation)} WHERE hash(_row) % {step} = 0")
    return tuple(discover({name: _codes(table.column(name)) for name in names}))


def _repeats(column: ColumnProfile, limits: Thresholds) -> bool:
    return column.type not in ("decimal", BINARY) and 1 < column.distinct <= limits.repeating_share * column.rows


def _codes(column: pa.ChunkedArray) -> np.ndarray:
    """Dictionary codes of a column of text; -1 is null."""
    indices = column.combine_chunks().dictionary_encode().indices
    return np.asarray(indices.fill_null(-1).to_numpy(zero_copy_only=False)).astype(np.int32)


def duplicate_rows(session: Session, relation: str, columns: Sequence[str]) -> int:
    """How many rows repeat an earlier row exactly in `columns`."""
    if not columns:
        return 0
    every = sql.names(columns)
    suspects = f"SELECT hash({every}) AS digest FROM {sql.name(relation)} GROUP BY digest HAVING count(*) > 1"
    (extra,) = session.one(
        f"SELECT coalesce(sum(n - 1), 0)::BIGINT FROM (SELECT count(*) AS n FROM {sql.name(relation)} "
        f"WHERE hash({every}) IN ({suspects}) GROUP BY {every})"
    )
    return int(extra)


class _Describer:
    """Describes the columns of one relation, one at a time."""

    def __init__(self, session: Session, relation: str, rows: int, distincts: Distincts, limits: Thresholds) -> None:
        self._session = session
        self._relation = sql.name(relation)
        self._rows = rows
        self._distincts = distincts
        self._limits = limits
        self._sampled = False

    def close(self) -> None:
        """Drop the sampled rows."""
        self._session.execute("DROP TABLE IF EXISTS _sampled_rows")

    def column(self, name: str) -> ColumnProfile:
        """The profile of one column."""
        values = self._sample(name)
        distinct, exact = self._distinct(name)
        seen = sum(n for _, n in values)
        complete = self._distincts.few(name) and len(values) < self._limits.sample_values
        given = seen if complete else self._distincts.given[name]
        share = distinct / given if given else 0.0
        meaning = semantic.infer(name, values, distinct_share=share, limits=self._limits)
        return ColumnProfile(
            name=name,
            type=meaning.type,
            semantic=meaning.semantic,
            form=meaning.form,
            rows=self._rows,
            nulls=self._rows - self._distincts.given[name],
            distinct=distinct,
            distinct_exact=exact,
            top=self._top(name, values),
            patterns=self._patterns(values),
            units=self._counted(semantic.units(values)) if meaning.semantic in _WITH_UNITS else (),
            sampled=0 if complete else seen,
            **self._measured(name, meaning),
        )

    def binary(self, name: str) -> ColumnProfile:
        """The profile of a column of bytes: how many there are and how many differ, nothing of their text."""
        distinct, exact = self._distinct(name)
        return ColumnProfile(
            name=name,
            type=BINARY,
            semantic=BINARY,
            rows=self._rows,
            nulls=self._rows - self._distincts.given[name],
            blanks=0,
            disguised=0,
            distinct=distinct,
            distinct_exact=exact,
        )

    def _sample(self, name: str) -> _Values:
        """The most frequent present values and as many others, chosen by hash so that runs agree."""
        size = self._limits.sample_values
        if not self._distincts.few(name):
            return self._session.rows(
                f"SELECT value, count(*) AS n FROM (SELECT {sql.name(name)} AS value FROM {self._sampled_rows()}) "
                f"WHERE {missing.present('value')} GROUP BY value ORDER BY n DESC, hash(value), value LIMIT {size}"
            )
        source = self._distincts.source(name)
        counted = f"SELECT value, n FROM {source} WHERE {missing.present('value')}"
        if self._distincts.approximate[name] < size // 2:
            return self._session.rows(f"{counted} ORDER BY n DESC, value")
        ranked = f"SELECT value, n, row_number() OVER (ORDER BY n DESC, value) AS place FROM ({counted})"
        return self._session.rows(
            f"SELECT value, n FROM ({ranked}) ORDER BY CASE WHEN place <= {size // 2} THEN place END NULLS LAST, "
            f"hash(value), value LIMIT {size}"
        )

    def _sampled_rows(self) -> str:
        """A table of rows chosen by hash, of the columns with very many values."""
        if not self._sampled:
            step = max(1, self._rows // (10 * self._limits.sample_values))
            many = [name for name in self._distincts.approximate if not self._distincts.few(name)]
            self._session.execute(
                f"CREATE OR REPLACE TEMP TABLE _sampled_rows AS SELECT {sql.names(many)} FROM {self._relation} "
                f"WHERE hash(_row) % {step} = 0"
            )
            self._sampled = True
        return "_sampled_rows"

    def _distinct(self, name: str) -> tuple[int, bool]:
        """Distinct values: exact where they are few, or so many that they could be a key."""
        if self._distincts.few(name):
            (n,) = self._session.one(f"SELECT count(value) FROM {self._distincts.source(name)}")
            return int(n), True
        approximate = min(self._distincts.approximate[name], self._distincts.given[name])
        if approximate < self._limits.near_key_share * self._distincts.given[name]:
            return approximate, False
        (n,) = self._session.one(f"SELECT count(DISTINCT {sql.name(name)}) FROM {self._relation}")
        return int(n), True

    def _top(self, name: str, values: _Values) -> tuple[Count, ...]:
        """The most frequent values; of a column with very many, those of the sample, counted in full."""
        head = values[: self._limits.top_values]
        if head and not self._distincts.few(name):
            column = sql.name(name)
            head = self._session.rows(
                f"SELECT {column}, count(*) AS n FROM {self._relation} "
                f"WHERE {column} IN ({sql.literals(value for value, _ in head)}) GROUP BY ALL ORDER BY n DESC, {column}"
            )
        return tuple(Count(value=value, n=n) for value, n in head)

    def _patterns(self, values: _Values) -> tuple[Count, ...]:
        return self._counted(patterns.histogram((value, n) for value, n in values if len(value) <= _LONG))

    def _counted(self, counts: Counter[str]) -> tuple[Count, ...]:
        return tuple(Count(value=value, n=n) for value, n in counts.most_common(self._limits.top_values))

    def _measured(self, name: str, meaning: semantic.Meaning) -> dict[str, Any]:
        """Everything that takes all values, in one query; the spread of numbers in a second one."""
        source = self._distincts.source(name)
        blank = f"CASE WHEN absent THEN {missing.blank('value')} ELSE FALSE END"
        fields = {
            "blanks": f"coalesce(sum(n) FILTER ({blank}), 0)::BIGINT",
            "disguised": f"coalesce(sum(n) FILTER (absent AND NOT ({blank})), 0)::BIGINT",
            "length_min": "min(length(value))",
            "length_max": "max(length(value))",
            **_extremes(meaning),
        }
        columns = ", ".join(f"{expression} AS {field}" for field, expression in fields.items())
        absent = missing.absent("value", missing.tokens(meaning.type, meaning.semantic))
        cells = f"SELECT value, n, {_order(meaning)} AS x, {absent} AS absent FROM {source}"
        found = dict(zip(fields, self._session.one(f"SELECT {columns} FROM ({cells})"), strict=True))
        return {**found, **self._spread(name)} if meaning.type in _NUMBERS else found

    def _spread(self, name: str) -> dict[str, Any]:
        numbers = f"SELECT {number('value')} AS x, n FROM {self._distincts.source(name)}"
        if self._distincts.few(name):
            means = f"SELECT x, n, sum(x * n) OVER () / sum(n) OVER () AS mean FROM ({numbers}) WHERE x IS NOT NULL"
            spread = "sqrt(sum((x - mean) * (x - mean) * n) / sum(n))"
            mean, deviation = self._session.one(f"SELECT any_value(mean), {spread} FROM ({means})")
        else:
            mean, deviation = self._session.one(f"SELECT avg(x), stddev_pop(x) FROM ({numbers})")
        found = quantiles(self._session, self._distincts, name, number("value"))
        return {"mean": mean, "deviation": deviation, "quantiles": tuple(found)}


def _extremes(meaning: semantic.Meaning) -> dict[str, str]:
    if meaning.type in _NUMBERS:
        return {"minimum": "min(x)", "maximum": "max(x)"}
    return {
        "minimum": "arg_min(value, x) FILTER (NOT absent)",
        "maximum": "arg_max(value, x) FILTER (NOT absent)",
    }


def _order(meaning: semantic.Meaning) -> str:
    """SQL by which the values of the column compare."""
    if meaning.type in _NUMBERS:
        return number("value")
    if meaning.type in dates.KINDS and meaning.form and meaning.form.startswith("%"):
        return moment("value", meaning.form)
    return "value"


def quantiles(
    session: Session,
    distincts: Distincts,
    column: str,
    expression: str,
    shares: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95),
) -> list[float]:
    """Exact quantiles of an expression over `value`: the smallest that holds each share of the cells at or below it."""
    source = distincts.source(column)
    if not distincts.few(column):
        (found,) = session.one(
            f"SELECT quantile_disc(x, [{', '.join(map(str, shares))}]) FROM (SELECT {expression} AS x FROM {source})"
        )
        return [float(each) for each in found or ()]
    picks = ", ".join(f"min(x) FILTER (seen >= {share} * total)" for share in shares)
    row = session.one(
        f"SELECT {picks} FROM (SELECT x, sum(n) OVER (ORDER BY x) AS seen, sum(n) OVER () AS total FROM "
        f"(SELECT x, sum(n) AS n FROM (SELECT {expression} AS x, n FROM {source}) WHERE x IS NOT NULL GROUP BY x))"
    )
    return [] if row[0] is None else [float(each) for each in row]
