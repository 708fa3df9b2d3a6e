"""Row operations: which rows go, and what a merge writes into the row that stays."""

from __future__ import annotations

from collections.abc import Sequence

from tablemend.engine import sql
from tablemend.engine.duckdb import Session
from tablemend.records import Record
from tablemend.repair.compose import Step
from tablemend.repair.expressions import checked, filled, ordering

REMOVED = "_removed"
"""Temporary table of removed rows: `_row` and the position of the step."""


class Merge(Record, frozen=True, kw_only=True):
    """Cells that a merge fills in the kept rows: column and relation of `_row`, `new`."""

    step: int
    column: str
    relation: str


def remove(
    session: Session, relation: str, columns: Sequence[str], steps: Sequence[tuple[int, Step]]
) -> tuple[Merge, ...]:
    """Fill the table of removed rows, step by step: a later step sees only what earlier ones left."""
    session.execute(f"CREATE OR REPLACE TEMP TABLE {REMOVED} (_row BIGINT, step INTEGER)")
    merges: list[Merge] = []
    for position, step in steps:
        alive = f"(SELECT * FROM {sql.name(relation)} WHERE _row NOT IN (SELECT _row FROM {REMOVED}))"
        if step.params.get("keep") == "merge":
            merges += _merge(session, alive, columns, position, step)
        session.execute(f"INSERT INTO {REMOVED} SELECT _row, {position} FROM ({removed_rows(step, alive, columns)})")
    return tuple(merges)


def removed_rows(step: Step, relation: str, columns: Sequence[str]) -> str:
    """SQL that selects the `_row` of every row that the step removes from a relation (SQL)."""
    if step.operation == "remove_rows":
        return f"SELECT _row FROM {relation} AS t WHERE {checked(step.params['predicate'])}"
    group = sql.names(step.params.get("columns") or columns)
    ranked = f"row_number() OVER (PARTITION BY {group} ORDER BY {_rank(step, columns)}) AS _rank"
    return f"SELECT _row FROM (SELECT _row, {ranked} FROM {relation} AS t) WHERE _rank > 1"


def _rank(step: Step, columns: Sequence[str]) -> str:
    """ORDER BY of a group of duplicates: its first row stays."""
    keep = step.params.get("keep", "first")
    order = ordering(step.params.get("order"), descending=keep == "last")
    if keep == "most_complete":
        cells = " + ".join(f"({filled(column)} IS NOT NULL)::INT" for column in columns)
        return f"{cells} DESC, {order}"
    return order


def _merge(session: Session, alive: str, columns: Sequence[str], position: int, step: Step) -> list[Merge]:
    group = step.params.get("columns") or list(columns)
    window = f"OVER (PARTITION BY {sql.names(group)} ORDER BY {_rank(step, columns)}"
    whole = "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)"
    merges = []
    for n, column in enumerate(column for column in columns if column not in group):
        value = filled(column)
        relation = f"_merge{position}_{n}"
        session.execute(
            f"CREATE OR REPLACE TEMP TABLE {relation} AS SELECT _row, new FROM (SELECT _row, {value} AS old, "
            f"first_value({value} IGNORE NULLS) {window} {whole} AS new, row_number() {window}) AS _rank "
            f"FROM {alive} AS t) WHERE _rank = 1 AND old IS NULL AND new IS NOT NULL"
        )
        merges.append(Merge(step=position, column=column, relation=relation))
    return merges
