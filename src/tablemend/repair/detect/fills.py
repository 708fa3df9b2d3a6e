"""Suggestions for empty cells, with how often they would have been right on cells that are filled."""

from __future__ import annotations

from collections.abc import Iterator

from tablemend.engine import sql
from tablemend.records import Alternative, ColumnProfile, Proposal
from tablemend.repair.workbench import Workbench

HIGHEST = 0.49
"""An invented value is never more likely right than wrong without evidence from its own row."""

MOST_EMPTY = 0.5
"""Share of empty cells above which a column counts as optional, and is not filled."""

LEAST_FILLED = 20
LEAST_RIGHT = 0.05
"""Filled cells that a method must foretell; below this share a suggestion would only be noise."""

_COMPARED = 50_000
_BLOCK = 1_000
_NUMBERS = ("integer", "decimal")
_REPEATING = ("category", "boolean", "integer", "decimal", "date", "time", "timestamp", "text")


def detect(bench: Workbench) -> Iterator[Proposal]:
    """For each column with some empty cells, the method that foretells most of its filled cells."""
    for column in bench.profile.columns if bench.profile else ():
        if column.name in bench.columns and column.semantic in _REPEATING:
            empty, filled = _counts(bench, column.name)
            if empty and filled >= LEAST_FILLED and empty <= MOST_EMPTY * bench.rows:
                yield from _proposal(bench, column, empty, filled)


def _value(column: str) -> str:
    return f"nullif(trim({sql.name(column)}), '')"


def _counts(bench: Workbench, column: str) -> tuple[int, int]:
    (filled,) = bench.session.one(f"SELECT count({_value(column)}) FROM {sql.name(bench.relation)}")
    return bench.rows - int(filled), int(filled)


def _proposal(bench: Workbench, column: ColumnProfile, empty: int, filled: int) -> Iterator[Proposal]:
    options = dict(masked(bench, column.name, filled))
    best, (right, params) = max(options.items(), key=lambda each: each[1][0])
    numbers = _numeric(bench, column)
    if right < LEAST_RIGHT and not numbers:
        return
    if right < LEAST_RIGHT:
        best, params = numbers[0].params["method"], dict(numbers[0].params)
    others = [Alternative(operation="fill", params=p, label=m) for m, (_, p) in options.items() if m != best]
    yield Proposal(
        check="null",
        operation="fill",
        columns=(column.name,),
        confidence=min(right, HIGHEST),
        params=params,
        explanation=f"{empty} cells of {column.name} are empty; filling by {best} would be a guess.",
        evidence=(f"By the best method about {right:.0%} of the filled cells would have come out right.",),
        alternatives=(*others, *(each for each in numbers if each.params["method"] != best)),
        flags=("invented_values",),
        support=filled,
    )


def masked(bench: Workbench, column: str, filled: int) -> Iterator[tuple[str, tuple[float, dict[str, str]]]]:
    """For each method: the share of filled cells that it foretells from the others, and its parameters.

    Neighbouring rows are compared in blocks of consecutive rows, of some tens of thousands in all.
    """
    value = _value(column)
    cells = f"SELECT _row, {value} AS v FROM {sql.name(bench.relation)} WHERE {value} IS NOT NULL"
    mode, n = bench.session.one(f"SELECT v, count(*) AS n FROM ({cells}) GROUP BY v ORDER BY n DESC, v LIMIT 1")
    yield "mode", ((n - 1) / (filled - 1), {"method": "mode", "value": mode})
    step = max(1, bench.rows // _COMPARED)
    window = "SELECT v, lag(v) OVER (ORDER BY _row) AS before, lead(v) OVER (ORDER BY _row) AS after"
    before, after, tried = bench.session.one(
        "SELECT count(*) FILTER (WHERE v = before), count(*) FILTER (WHERE v = after), count(*) "
        f"FROM ({window} FROM ({cells} AND (_row // {_BLOCK}) % {step} = 0))"
    )
    yield "forward", (before / max(tried, 1), {"method": "forward"})
    yield "backward", (after / max(tried, 1), {"method": "backward"})


def _numeric(bench: Workbench, column: ColumnProfile) -> list[Alternative]:
    """Methods for numbers, which come close rather than right."""
    if column.type not in _NUMBERS:
        return []
    number = f"TRY_CAST(trim({sql.name(column.name)}) AS DOUBLE)"
    median, mean = bench.session.one(
        f"SELECT quantile_disc({number}, 0.5), avg({number}) FROM {sql.name(bench.relation)} WHERE isfinite({number})"
    )
    return [
        Alternative(operation="fill", params={"method": "median", "value": _shown(median, column)}, label="median"),
        Alternative(operation="fill", params={"method": "mean", "value": _shown(mean, column)}, label="mean"),
        Alternative(operation="fill", params={"method": "interpolate"}, label="interpolate"),
    ]


def _shown(value: float, column: ColumnProfile) -> str:
    return str(round(value)) if column.type == "integer" else f"{value:.6g}"
