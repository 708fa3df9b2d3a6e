"""Dates that the column usually writes in another format."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from tablemend.engine import sql
from tablemend.quality import dates
from tablemend.quality.expressions import matches
from tablemend.records import ColumnProfile, Proposal
from tablemend.repair.workbench import Workbench

CONFIDENCE = 0.96
SHORT_YEAR = 0.45
"""The century of a year of two digits is a guess."""

Values = list[tuple[str, int]]


def detect(bench: Workbench) -> Iterator[Proposal]:
    """Rewrite dates that can be read in one way only; impossible and ambiguous ones are left alone."""
    for column in bench.profile.columns if bench.profile else ():
        if column.name in bench.columns and column.type in dates.KINDS and (column.form or "").startswith("%"):
            yield from _column(bench, column, column.form or "")


def _column(bench: Workbench, column: ColumnProfile, form: str) -> Iterator[Proposal]:
    by_shape: dict[str, Values] = defaultdict(list)
    for value, n in deviating(bench, column, form):
        forms = readings(value.strip(), column.type)
        if forms:
            by_shape[dates.shape(forms[0])].append((value, n))
    for values in by_shape.values():
        yield from _shape(column.name, form, column.type, values)


def deviating(bench: Workbench, column: ColumnProfile, form: str) -> Values:
    """Distinct values that do not have the shape of the usual format."""
    value = sql.name(column.name)
    return bench.session.rows(
        f"SELECT {value}, count(*) AS n FROM {sql.name(bench.relation)} "
        f"WHERE NOT {matches(value, dates.shape(form))} AND regexp_matches({value}, '[0-9]') "
        f"GROUP BY ALL ORDER BY n DESC, {value}"
    )


def readings(value: str, kind: str) -> list[str]:
    """Formats of the kind in which the value is a real date or time."""
    return [form for form in dates.KINDS[kind] if dates.parses(value, form)]


def _shape(column: str, form: str, kind: str, values: Values) -> Iterator[Proposal]:
    """Values of one shape: by their format if only one reads them all, else those that have one reading."""
    possible = set.intersection(*(set(readings(value.strip(), kind)) for value, _ in values))
    everywhere = set.union(*(set(readings(value.strip(), kind)) for value, _ in values))
    if len(everywhere) == 1:
        yield _parse(column, form, possible.pop(), values)
        return
    certain = [(value, n) for value, n in values if len(meanings(value.strip(), kind)) == 1]
    pairs = [[value, new] for value, _ in certain if (new := _written(value, kind, form)) != value]
    if pairs:
        yield _map(column, form, pairs, certain)


def meanings(value: str, kind: str) -> set[datetime]:
    """The different moments that the value can mean."""
    return {datetime.strptime(value, form) for form in readings(value, kind)}  # noqa: DTZ007


def _written(value: str, kind: str, form: str) -> str:
    (moment,) = meanings(value.strip(), kind)
    return moment.strftime(form)


def _parse(column: str, form: str, found: str, values: Values) -> Proposal:
    cells = sum(n for _, n in values)
    return Proposal(
        check="pattern_deviation",
        operation="parse_date",
        columns=(column,),
        confidence=SHORT_YEAR if "%y" in found else CONFIDENCE,
        params={"formats": [found], "to": form},
        tier=found,
        explanation=f"{cells} values of {column} are written as {found}; the others as {form}.",
        evidence=(f"{values[0][0]!r} can be read in one way only.",),
        support=cells,
    )


def _map(column: str, form: str, pairs: list[list[str]], values: Values) -> Proposal:
    cells = sum(n for _, n in values)
    return Proposal(
        check="pattern_deviation",
        operation="map_values",
        columns=(column,),
        confidence=CONFIDENCE - 0.03,
        params={"pairs": pairs},
        tier="unambiguous dates",
        explanation=f"{cells} values of {column} are dates in another format than {form} and have one meaning.",
        evidence=(f"{pairs[0][0]!r} can only mean {pairs[0][1]!r}.",),
        support=cells,
    )
