"""What a table holds: one profile per column, from its distinct values where they are few."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tablemend.engine import sql
from tablemend.quality import missing, patterns, semantic
from tablemend.quality.distinct import Distincts
from tablemend.quality.expressions import moment, number
from tablemend.quality.thresholds import DEFAULT, Thresholds
from tablemend.records import Column, ColumnProfile, Count, ForeignKey, Profile

if TYPE_CHECKING:
    from tablemend.engine.duckdb import Session

_Values = list[tuple[str, int]]
_WITH_UNITS = ("measure", "integer", "decimal")


def profile(
    session: Session,
    relation: str,
    columns: Sequence[Column],
    *,
    settings: Thresholds = DEFAULT,
    distincts: Distincts | None = None,
    foreign_keys: Sequence[ForeignKey] = (),
    discover: Callable[[Profile], Profile] | None = None,
) -> Profile:
    """Profile `_row` + text columns; `discover` may add dependencies. Counts are exact unless marked otherwise."""
    names = [column.name for column in columns]
    (rows,) = session.one(f"SELECT count(*) FROM {sql.name(relation)}")
    known = distincts or Distincts(session, relation, names, limit=settings.distinct_table)
    try:
        described = tuple(_Describer(session, relation, rows, known, settings).column(name) for name in names)
    finally:
        if distincts is None:
            known.close()
    keys = tuple((each.name,) for each in described if _is_key(each))
    result = Profile(
        rows=rows,
        columns=described,
        duplicate_rows=0 if keys else duplicate_rows(session, relation, names),
        keys=keys,
        foreign_keys=tuple(foreign_keys),
    )
    return discover(result) if discover else result


def _is_key(column: ColumnProfile) -> bool:
    return column.rows > 1 and column.distinct_exact and column.distinct == column.rows and not column.nulls


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
        self._relation = relation
        self._rows = rows
        self._distincts = distincts
        self._limits = limits

    def column(self, name: str) -> ColumnProfile:
        """The profile of one column."""
        source = self._distincts.source(name)
        counts = self._counts(source)
        values = self._sample(name, source)
        distinct, exact = self._distinct(name, source)
        filled = self._rows - counts["nulls"] - counts["blanks"] - counts["disguised"]
        meaning = semantic.infer(name, values, distinct_share=distinct / filled if filled else 0.0, limits=self._limits)
        if meaning.type not in ("text", "nested"):
            counts["disguised"] = self._disguised(source, missing.ALWAYS | missing.AMONG_TYPED)
        return ColumnProfile(
            name=name,
            type=meaning.type,
            semantic=meaning.semantic,
            form=meaning.form,
            rows=self._rows,
            distinct=distinct,
            distinct_exact=exact,
            top=self._top(name, values),
            patterns=self._patterns(values),
            units=self._counted(semantic.units(values)) if meaning.semantic in _WITH_UNITS else (),
            sampled=self._sampled(values, filled),
            **counts,
            **self._range(name, source, meaning),
        )

    def _counts(self, source: str) -> dict[str, Any]:
        nulls, blanks, disguised, shortest, longest = self._session.one(
            "SELECT coalesce(sum(n) FILTER (value IS NULL), 0)::BIGINT, "
            f"coalesce(sum(n) FILTER ({missing.blank('value')}), 0)::BIGINT, "
            f"coalesce(sum(n) FILTER ({missing.disguised('value', missing.ALWAYS)}), 0)::BIGINT, "
            f"min(length(value)), max(length(value)) FROM {source}"
        )
        return {
            "nulls": nulls,
            "blanks": blanks,
            "disguised": disguised,
            "length_min": shortest,
            "length_max": longest,
        }

    def _disguised(self, source: str, tokens: frozenset[str]) -> int:
        (n,) = self._session.one(
            f"SELECT coalesce(sum(n) FILTER ({missing.disguised('value', tokens)}), 0)::BIGINT FROM {source}"
        )
        return int(n)

    def _sample(self, name: str, source: str) -> _Values:
        """The most frequent present values and as many others, chosen by hash so that runs agree."""
        half = self._limits.sample_values // 2
        if not self._distincts.few(name):
            return self._sampled_rows(name)
        counted = f"SELECT value, n FROM {source} WHERE {missing.present('value')}"
        ranked = f"SELECT value, n, row_number() OVER (ORDER BY n DESC, value) AS place FROM ({counted})"
        return self._session.rows(
            f"SELECT value, n FROM ({ranked}) WHERE place <= {half} UNION ALL "
            f"(SELECT value, n FROM ({ranked}) WHERE place > {half} ORDER BY hash(value), value LIMIT {half}) "
            "ORDER BY n DESC, value"
        )

    def _sampled_rows(self, name: str) -> _Values:
        step = max(1, self._rows // (10 * self._limits.sample_values))
        value = sql.name(name)
        return self._session.rows(
            f"SELECT value, n FROM (SELECT {value} AS value, count(*) AS n FROM {sql.name(self._relation)} "
            f"WHERE hash(_row) % {step} = 0 AND {missing.present(value)} GROUP BY ALL) "
            f"ORDER BY n DESC, hash(value), value LIMIT {self._limits.sample_values}"
        )

    def _distinct(self, name: str, source: str) -> tuple[int, bool]:
        if self._distincts.few(name):
            (n,) = self._session.one(f"SELECT count(value) FROM {source}")
            return int(n), True
        approximate = self._distincts.approximate[name]
        if approximate > self._limits.distinct_exact:
            return approximate, False
        (n,) = self._session.one(f"SELECT count(DISTINCT {sql.name(name)}) FROM {sql.name(self._relation)}")
        return int(n), True

    def _top(self, name: str, values: _Values) -> tuple[Count, ...]:
        """The most frequent values; of a column with very many, those of the sample, counted in full."""
        head = values[: self._limits.top_values]
        if head and not self._distincts.few(name):
            column = sql.name(name)
            head = self._session.rows(
                f"SELECT {column}, count(*) AS n FROM {sql.name(self._relation)} "
                f"WHERE {column} IN ({sql.literals(value for value, _ in head)}) GROUP BY ALL ORDER BY n DESC, {column}"
            )
        return tuple(Count(value=value, n=n) for value, n in head)

    def _sampled(self, values: _Values, filled: int) -> int:
        seen = sum(n for _, n in values)
        return seen if seen < filled else 0

    def _patterns(self, values: _Values) -> tuple[Count, ...]:
        short = [(value, n) for value, n in values if len(value) <= 64]
        return self._counted(patterns.histogram(short))

    def _counted(self, counts: Any) -> tuple[Count, ...]:
        return tuple(Count(value=value, n=n) for value, n in counts.most_common(self._limits.top_values))

    def _range(self, name: str, source: str, meaning: semantic.Meaning) -> dict[str, Any]:
        if meaning.type in ("integer", "decimal"):
            return self._numbers(name, source)
        order = moment("value", meaning.form) if meaning.form and meaning.form.startswith("%") else "value"
        low, high = self._session.one(
            f"SELECT arg_min(value, {order}), arg_max(value, {order}) FROM {source} WHERE {missing.present('value')}"
        )
        return {"minimum": low, "maximum": high}

    def _numbers(self, name: str, source: str) -> dict[str, Any]:
        weighted = "sum(x * n) / sum(n)"
        spread = f"sqrt(greatest(0, sum(x * x * n) / sum(n) - ({weighted}) * ({weighted})))"
        low, high, mean, deviation = self._session.one(
            f"SELECT min(x), max(x), {weighted}, {spread} FROM "
            f"(SELECT {number('value')} AS x, n FROM {source}) WHERE x IS NOT NULL"
        )
        found = quantiles(self._session, self._distincts, name, number("value"))
        return {"minimum": low, "maximum": high, "mean": mean, "deviation": deviation, "quantiles": tuple(found)}


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
