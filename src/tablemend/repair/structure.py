"""Column operations: split, merge and drop. Cells of dropped and new columns stand in the change set like others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tablemend.engine import sql
from tablemend.engine.duckdb import Session
from tablemend.errors import RepairError
from tablemend.records import Column
from tablemend.repair import operations, relation
from tablemend.repair.changes import CHANGES, as_text, constant
from tablemend.repair.compose import Step

_STAGED = "restructured"


def restructure(
    session: Session,
    parent: pa.Table,
    table: pa.Table,
    columns: tuple[Column, ...],
    changes: pa.Table,
    steps: Sequence[Step],
) -> tuple[pa.Table, tuple[Column, ...], pa.Table]:
    """The table, columns and changes after every column operation; the changes lead from the parent to the table."""
    taken = [column.name for column in columns]
    for step in steps:
        if operations.operation(step.operation).phase != "columns":
            continue
        if step.operation == "drop_column":
            for name in step.columns:
                changes = _dropped(parent, table, changes, name, step.id)
                table = table.drop_columns([name])
                columns = tuple(each for each in columns if each.name != name)
            continue
        require_free(step, taken)
        relation.register(session, table, columns, _STAGED)
        for name, expression in new_columns(step):
            values = session.arrow(f"SELECT {expression} AS v FROM {_STAGED} ORDER BY _row")["v"].cast(pa.string())
            place = table.schema.get_field_index(step.columns[-1]) + 1
            table = table.add_column(place, name, values)
            columns = (*columns[: place - 1], Column(name=name, header=name), *columns[place - 1 :])
            changes = pa.concat_tables([changes, _cells(table["_row"], values, name, step.id, before=False)])
            taken.append(name)
    return table, columns, changes.unify_dictionaries()


def _dropped(parent: pa.Table, table: pa.Table, changes: pa.Table, name: str, repair: str) -> pa.Table:
    """The changes with those of a dropped column replaced by its loss; one made just now leaves no trace."""
    kept = changes.filter(pc.not_equal(changes["column"].cast(pa.string()), name))
    if name not in parent.column_names:
        return kept
    left = parent.select(["_row", name]).filter(pc.is_in(parent["_row"], table["_row"].combine_chunks()))
    values = left[name] if pa.types.is_string(left[name].type) else as_text(left[name])
    return pa.concat_tables([kept, _cells(left["_row"], values, name, repair, before=True)])


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


def _cells(rows: pa.ChunkedArray, values: pa.ChunkedArray, column: str, repair: str, *, before: bool) -> pa.Table:
    """The filled cells of a column as changes from or to nothing."""
    given = pc.is_valid(values)
    rows, values = rows.filter(given), values.filter(given)
    nothing = pa.nulls(len(rows), pa.string())
    return pa.table(
        [
            rows,
            constant(column, len(rows)),
            values if before else nothing,
            nothing if before else values,
            constant(repair, len(rows)),
        ],
        schema=CHANGES,
    )
