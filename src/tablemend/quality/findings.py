"""From counts to findings: what failed, sample rows, and the SQL that lists every failing row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tablemend.engine import sql
from tablemend.quality.evaluate import CheckCount, Evaluation, row_query
from tablemend.quality.thresholds import DEFAULT
from tablemend.records import SEVERITIES, Check, Finding, Value

if TYPE_CHECKING:
    from tablemend.engine.duckdb import Session


def findings(
    session: Session,
    relation: str,
    checks: Sequence[Check],
    evaluation: Evaluation,
    *,
    sample_rows: int = DEFAULT.sample_rows,
) -> tuple[Finding, ...]:
    """One finding for every check that failed or could not be evaluated; the most severe and largest first."""
    found = []
    for check in checks:
        counted = evaluation.checks[check.id]
        if counted.error is not None:
            found.append(_unable(check, relation, counted.error))
        elif counted.rows:
            found.append(_failed(session, relation, check, counted, sample_rows))
    return ordered(found)


def ordered(found: Sequence[Finding]) -> tuple[Finding, ...]:
    """The most severe and largest first, those that could not be evaluated before those that failed."""
    return tuple(sorted(found, key=lambda each: (each.status, -SEVERITIES.index(each.severity), -each.rows, each.id)))


def listing(check: Check, relation: str) -> str:
    """SQL for people: every failing row with `_row` and the columns that the check reads.

    Where the database itself found them, the SQL is that of the database.
    """
    if check.database is not None:
        return check.database
    return _own_listing(check, relation)


def _own_listing(check: Check, relation: str) -> str:
    if check.predicate is not None:
        where = check.predicate
    elif check.query is not None:
        where = f"_row IN (\n  {row_query(check, relation)}\n)"
    else:
        return ""
    return f"SELECT {_shown(check)}\nFROM {sql.name(relation)}\nWHERE {where}\nORDER BY _row"


def _failed(session: Session, relation: str, check: Check, counted: CheckCount, sample_rows: int) -> Finding:
    query = _first(check, relation, counted, sample_rows) or _own_listing(check, relation)
    return _finding(
        check,
        status="failed",
        message=check.message,
        sql=listing(check, relation),
        cells=counted.cells,
        rows=counted.rows,
        sample=_sample(session, query, sample_rows),
    )


def _first(check: Check, relation: str, counted: CheckCount, sample_rows: int) -> str:
    """SQL of the first failing rows where they are known by number, which spares the check another run."""
    if len(counted.first) < min(sample_rows, counted.rows):
        return ""
    numbers = ", ".join(str(row) for row in counted.first[:sample_rows])
    return f"SELECT {_shown(check)} FROM {sql.name(relation)} WHERE _row IN ({numbers}) ORDER BY _row"


def _shown(check: Check) -> str:
    """The columns of a listing."""
    named = [column for column in (*check.columns, *check.reads) if column != "*"]
    return sql.names(dict.fromkeys(("_row", *named))) if named else "*"


def _unable(check: Check, relation: str, error: str) -> Finding:
    message = f"{check.message or check.name} could not be evaluated: {error}"
    return _finding(check, status="error", message=message, sql=listing(check, relation), cells=0, rows=0, sample=())


def _finding(check: Check, **found: object) -> Finding:
    return Finding(
        id=check.id,
        check=check.name,
        dimension=check.dimension,
        columns=check.columns,
        severity=check.severity,
        params=check.params,
        rule=check.rule,
        **found,  # type: ignore[arg-type]
    )


def _sample(session: Session, query: str, limit: int) -> tuple[dict[str, Value], ...]:
    table = session.arrow(f"SELECT * FROM ({query}) LIMIT {limit}")
    return tuple(table.to_pylist())
