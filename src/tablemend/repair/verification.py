"""Checking repairs before anything runs: parameters, columns, and SQL that only the data can prove."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from tablemend.engine import sql
from tablemend.engine.duckdb import Session
from tablemend.errors import RepairError, TablemendError
from tablemend.records import Column, Outcome
from tablemend.repair import expressions, operations, relation, rows, structure
from tablemend.repair.changes import from_text
from tablemend.repair.compose import Step, candidates, require_columns, require_pairs


def sort_out(
    session: Session, parent: pa.Table, columns: tuple[Column, ...], steps: Sequence[Step]
) -> tuple[list[Step], list[Outcome]]:
    """The steps that can be carried out, and why the others cannot; a bad one is refused, the others proceed."""
    relation.register(session, parent, columns)
    types = {column.name: parent.schema.field(column.name).type for column in columns if column.type != "text"}
    names = [column.name for column in columns]
    present, taken = list(names), list(names)
    good, refused = [], []
    for step in steps:
        try:
            structural = operations.operation(step.operation).phase == "columns"
            if structural:
                require_columns(step, present)
                structure.require_free(step, taken)
            require(session, relation.DATA, names, step)
            _require_types(session, step, types)
        except TablemendError as problem:
            refused.append(Outcome(repair=step.id, status="refused", reason=problem.message))
            continue
        good.append(step)
        if structural:
            present = structure.names_after(step, present)
            taken += present
    return good, refused


def require(session: Session, relation_name: str, names: Sequence[str], step: Step) -> None:
    """Raise RepairError where a step cannot be carried out on a relation."""
    operations.validate(step.operation, step.params)
    require_columns(step, names)
    kind = operations.operation(step.operation).kind
    if kind == "map":
        require_pairs(step.keys, step.params["pairs"])
        return
    if kind == "columns":
        structure.require_free(step, names)
    own = step.params.get("expression") is not None or step.params.get("predicate") is not None
    source = sql.name(relation_name)
    for query in _queries(step, source if own else f"(SELECT * FROM {source} LIMIT 1)", names):
        _try(session, step, f"SELECT count(v) FROM ({query})")


def _queries(step: Step, source: str, names: Sequence[str]) -> list[str]:
    """Queries that fail where the step would; a user's own SQL can fail on any row, the rest only as a whole."""
    kind = operations.operation(step.operation).kind
    if kind == "rows":
        return [f"SELECT _row AS v FROM ({rows.removed_rows(step, source, names)})"]
    if kind == "columns":
        made = [] if step.operation == "drop_column" else structure.new_columns(step)
        return [f"SELECT {value} AS v FROM {source}" for _, value in made]
    values = [expressions.expression(step.operation, column, step.params) for column in step.columns]
    return [f"SELECT {value} AS v FROM {source} AS t" for value in values]


def _try(session: Session, step: Step, query: str) -> None:
    try:
        session.rows(query)
    except session.failures as problem:
        first = str(problem).splitlines()[0]
        raise RepairError(
            f"{step.operation} fails on this table: {first.rstrip('.!')}", hint="Mend its parameters, or reject it."
        ) from problem


def _require_types(session: Session, step: Step, types: dict[str, pa.DataType]) -> None:
    """New values of a typed column must read as values of its type."""
    for candidate in candidates(session, [step]) if types else ():
        kind, quoted = types.get(candidate.column), sql.name(candidate.column)
        if kind is None:
            continue
        query = f"SELECT * FROM (SELECT t.*, {candidate.value} AS _tm_new FROM {relation.DATA} AS t {candidate.join})"
        found = session.arrow(f"SELECT _tm_new AS v FROM ({query}) WHERE _tm_new IS DISTINCT FROM {quoted}")
        try:
            from_text(found["v"], kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as problem:
            raise RepairError(
                f"column {candidate.column} holds {kind}, and {step.operation} would put something else there: "
                + str(problem).splitlines()[0],
                hint="Mend its parameters, or reject it.",
            ) from problem
