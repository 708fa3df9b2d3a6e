"""Column operations: split, merge and drop. Cells of dropped and new columns stand in the change set like others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa

from tablemend.engine import sql
from tablemend.engine.duckdb import Session
from tablemend.errors import RepairError
from tablemend.records import Column
from tablemend.repair import operations, relation
from tablemend.repair.changes import CHANGES, constant
from tablemend.repair.compose import Step

_STAGED = "restructured"


def restructure(
    session: Session, table: pa.Table, columns: tuple[Column, ...], steps: Sequence[Step]
) -> tuple[pa.Table, tuple[Column, ...], pa.Table]:
    """The table and columns after every column operation, and the cells that came or went."""
    changes = [CHANGES.empty_table()]
    for step in steps:
        if operations.operation(step.operation).phase != "columns":
            continue
        relation.register(session, table, columns, _STAGED)
        if step.operation == "drop_column":
            for name in step.columns:
                changes.append(_cells(session, name, step.id, before=True))
                table = table.drop_columns([name])
                columns = tuple(each for each in columns if each.name != name)
            continue
        require_free(step, [each.name for each in columns])
        for name, expression in new_columns(step):
            values = session.arrow(f"SELECT {expression} AS v FROM {_STAGED} ORDER BY _row")["v"].cast(pa.string())
            place = table.schema.get_field_index(step.columns[-1]) + 1
            table = table.add_column(place, name, values)
            columns = (*columns[: place - 1], Column(name=name, header=name), *columns[place - 1 :])
            relation.register(session, table, columns, _STAGED)
            changes.append(_cells(session, name, step.id, before=False))
    return table, columns, pa.concat_tables(changes)


def new_columns(step: Step) -> list[tuple[str, str]]:
    """Names and SQL of the columns that a split or merge makes, the last first, as they are put in place."""
    into = step.params["into"]
    names = [into] if isinstance(into, str) else list(into)
    if step.operation == "merge_columns":
        delimiter = step.params.get("delimiter")
        parts = ", ".join(f"nullif({sql.name(column)}, '')" for column in step.columns)
        return [(names[0], f"nullif(concat_ws({sql.literal(' ' if delimiter is None else delimiter)}, {parts}), '')")]
    return [(name, _part(step, n, last=n == len(names))) for n, name in enumerate(names, start=1)][::-1]


def names_after(step: Step, names: Sequence[str]) -> list[str]:
    """The columns that a step leaves; their order does not matter here."""
    if step.operation == "drop_column":
        return [name for name in names if name not in step.columns]
    return [*names, *(name for name, _ in new_columns(step))]


def require_free(step: Step, names: Iterable[str]) -> None:
    """Refuse a step whose new columns have names that are taken."""
    taken = {name.lower() for name in names}
    for name, _ in () if step.operation == "drop_column" else new_columns(step):
        if name.lower() in taken:
            raise RepairError(f"the table has a column {name} already", hint="Choose another name for the new column.")
        taken.add(name.lower())


def _part(step: Step, number: int, *, last: bool) -> str:
    value = sql.name(step.columns[0])
    if step.params.get("pattern") is not None:
        return f"nullif(regexp_extract({value}, {sql.literal(step.params['pattern'])}, {number}), '')"
    parts = f"string_split({value}, {sql.literal(step.params['delimiter'])})"
    if last:
        return f"nullif(array_to_string({parts}[{number}:], {sql.literal(step.params['delimiter'])}), '')"
    return f"nullif({parts}[{number}], '')"


def _cells(session: Session, column: str, repair: str, *, before: bool) -> pa.Table:
    """The filled cells of a column as changes from or to nothing."""
    quoted = sql.name(column)
    found = session.arrow(f"SELECT _row, {quoted} AS v FROM {_STAGED} WHERE {quoted} IS NOT NULL ORDER BY _row")
    values = found["v"].cast(pa.string())
    nothing = pa.nulls(found.num_rows, pa.string())
    return pa.table(
        [
            found["_row"],
            constant(column, found.num_rows),
            values if before else nothing,
            nothing if before else values,
            constant(repair, found.num_rows),
        ],
        schema=CHANGES,
    )
