"""Repairs as plain SQL statements that a person can read and run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tablemend.engine import sql
from tablemend.errors import StateError
from tablemend.records import Column, Item, Run
from tablemend.repair import expressions, operations, rows
from tablemend.repair.compose import ROW, Step
from tablemend.store.filters import Filter
from tablemend.store.state import Store

_SHOWN = 50  # pairs spelled out in the statement shown with a repair


def statement(step: Step, columns: Sequence[Column], *, table: str = "data", full: bool = False) -> str:
    """The SQL of one step on a table of text columns with a `_row`; long maps are cut unless `full`."""
    names = [column.name for column in columns]
    kind = operations.operation(step.operation).kind
    if kind == "expression":
        return ";\n".join(_update(step, column, table) for column in step.columns)
    if kind == "map":
        return _update_from(step, table, full=full)
    if kind == "rows":
        return f"DELETE FROM {table} WHERE _row IN ({rows.removed_rows(step, table, names)})"
    return _alter(step, table)


def _update(step: Step, column: str, table: str) -> str:
    value, quoted = expressions.expression(step.operation, column, step.params), sql.name(column)
    if " OVER (" in value:
        return (
            f"UPDATE {table} AS t SET {quoted} = n.new FROM (SELECT _row AS at, {value} AS new FROM {table}) AS n "
            f"WHERE t._row = n.at AND t.{quoted} IS DISTINCT FROM n.new"
        )
    return f"UPDATE {table} SET {quoted} = {value}\nWHERE {quoted} IS DISTINCT FROM {value}"


def _update_from(step: Step, table: str, *, full: bool) -> str:
    pairs: list[list[Any]] = step.params["pairs"]
    shown = pairs if full else pairs[:_SHOWN]
    values = ",\n  ".join(f"({literals(step, pair)})" for pair in shown)
    cut = f"\n  -- and {len(pairs) - len(shown)} more" if len(shown) < len(pairs) else ""
    names = ", ".join([*(f"k{i}" for i in range(len(step.keys))), "new"])
    match = " AND ".join(f"t.{sql.name(key)} IS NOT DISTINCT FROM m.k{i}" for i, key in enumerate(step.keys))
    target = sql.name(step.keys[-1])
    return f"UPDATE {table} AS t SET {target} = m.new\nFROM (VALUES\n  {values}{cut}\n) AS m({names})\nWHERE {match}"


def literals(step: Step, pair: Sequence[Any]) -> str:
    """The values of a pair, or of its keys alone, as SQL."""
    typed = [int(value) if key == ROW else value for key, value in zip(step.keys, pair, strict=False)]
    return sql.literals([*typed, *pair[len(step.keys) :]])


def _alter(step: Step, table: str) -> str:
    if step.operation == "drop_column":
        return ";\n".join(f"ALTER TABLE {table} DROP COLUMN {sql.name(column)}" for column in step.columns)
    from tablemend.repair.structure import new_columns

    statements = []
    for name, expression in new_columns(step):
        statements.append(f"ALTER TABLE {table} ADD COLUMN {sql.name(name)} VARCHAR")
        statements.append(f"UPDATE {table} SET {sql.name(name)} = {expression}")
    return ";\n".join(statements)


def script(steps: Sequence[Step], columns: Sequence[Column], *, table: str) -> str:
    """Every step as one transaction, phase by phase; within a phase in order of precedence."""
    ordered = sorted(steps, key=lambda step: operations.operation(step.operation).order)
    body = "\n\n".join(
        f"-- {step.id}: {step.operation} {', '.join(step.columns)}\n{statement(step, columns, table=table, full=True)};"
        for step in ordered
    )
    return f"BEGIN;\n\n{body}\n\nCOMMIT;\n"


def write(store: Store, run: Run, path: Path) -> Path:
    """Write the approved repairs of a run as a script; StateError where none is approved."""
    path.write_text(text(store, run), encoding="utf-8")
    return path


def text(store: Store, run: Run) -> str:
    """The approved repairs of a run as a script; StateError where none is approved."""
    items = store.items.select(Filter(run=run.id, decision="approved"))
    if not items:
        raise StateError(f"run {run.id} has no approved repair", hint="Approve some first.")
    snapshot = store.datasets.snapshot(run.dataset, run.version)
    steps = [
        Step(id=each.id, operation=each.operation, columns=each.columns, params=each.body.get("params", {}))
        for each in precedence(items)
    ]
    return script(steps, snapshot.columns, table=sql.name(snapshot.source.name))


def precedence(items: Iterable[Item]) -> list[Item]:
    """In the order in which they win a cell: people's approvals before a gate's, then confidence, then id."""
    return sorted(items, key=lambda item: (item.decided_by.startswith("gate:"), -item.confidence, item.id))
