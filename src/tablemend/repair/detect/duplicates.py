"""Rows that repeat an earlier row, exactly or nearly."""

from __future__ import annotations

from collections.abc import Iterator

from tablemend.engine import sql
from tablemend.quality.checks import uniqueness
from tablemend.quality.evaluate import row_query
from tablemend.quality.thresholds import DEFAULT
from tablemend.records import Alternative, Proposal
from tablemend.repair.workbench import Workbench

EXACT = 0.97
"""A row that repeats another in every column says nothing new; few tables count by repeating rows."""

NEAR = 0.4
"""Rows that agree but for case, spacing, punctuation or a running number may still be two things."""

MOST_LISTED = 10_000
"""Rows that a proposal can name one by one."""

REMOVES = "removes_rows"


def detect(bench: Workbench) -> Iterator[Proposal]:
    """Keep the first of exactly repeated rows; remove near repeats only when asked."""
    if bench.profile is None or not bench.every:
        return
    yield from _exact(bench)
    yield from _near(bench)


def _exact(bench: Workbench) -> Iterator[Proposal]:
    telling = max(bench.every, key=lambda column: bench.cardinality[column][1])
    query = uniqueness.repeats(bench.every, telling).replace("{data}", sql.name(bench.relation))
    (rows,) = bench.session.one(f"SELECT count(*) FROM ({query})")
    if rows:
        keeps = (("last", "keep the last"), ("most_complete", "keep the most complete"))
        yield Proposal(
            check="duplicate_row",
            operation="deduplicate",
            columns=(),
            confidence=EXACT,
            params={"columns": list(bench.every), "keep": "first"},
            explanation=f"{rows} rows repeat an earlier row in every column.",
            evidence=(query,),
            alternatives=tuple(Alternative(operation="deduplicate", params={"keep": k}, label=t) for k, t in keeps),
            flags=(REMOVES,),
            support=rows,
        )


def _near(bench: Workbench) -> Iterator[Proposal]:
    columns = [each for each in bench.whole.columns if each.name in bench.every] if bench.whole else []
    check = uniqueness.near_check(columns, bench.rows, DEFAULT)
    if check is None:
        return
    query = row_query(check, bench.relation)
    rows = [row for (row,) in bench.session.rows(f"{query} ORDER BY _row LIMIT {MOST_LISTED + 1}")]
    if rows and len(rows) <= MOST_LISTED:
        yield Proposal(
            check="near_duplicate",
            operation="remove_rows",
            columns=(),
            confidence=NEAR,
            params={"predicate": f"_row IN ({sql.literals(rows)})"},
            explanation=f"{len(rows)} rows repeat an earlier one but for case, spacing, punctuation or a counter.",
            evidence=(query,),
            flags=(REMOVES,),
            support=len(rows),
        )
