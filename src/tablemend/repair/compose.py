"""One composite query for many repairs: within a phase one winner a cell, across phases each sees the last.

A phase computes every candidate value beside the row (`_tm_p0`, `_tm_p1` …) and takes, per column, the first candidate
that differs; `_tm_by<n>` remembers the step that won. Original values travel along as `_tm_o<n>`, so that a cell that
ends as it began counts as unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from tablemend.engine import sql
from tablemend.engine.duckdb import Session
from tablemend.errors import RepairError, UnknownColumn
from tablemend.records import Record
from tablemend.repair import expressions, operations

if TYPE_CHECKING:
    import pyarrow as pa


ROW = "_row"
"""A map may name single rows: repairs of exact cells, which hold for this table alone."""


class Step(Record, frozen=True, kw_only=True):
    """An operation to carry out, in order of precedence."""

    id: str  # of the repair
    operation: str
    columns: tuple[str, ...]
    params: dict[str, Any] = {}

    @property
    def keys(self) -> tuple[str, ...]:
        """Key columns of a map operation, the changed column last."""
        return tuple(self.params.get("keys") or self.columns)

    @property
    def reads(self) -> tuple[str, ...]:
        """Every column that it names, but for those in the user's own SQL."""
        order = [self.params["order"]] if self.params.get("order") is not None else []
        return (*self.columns, *self.keys, *(self.params.get("columns") or ()), *order)


class Candidate(Record, frozen=True, kw_only=True):
    """The new value that one step offers for one column."""

    step: int  # position in the list of steps
    column: str
    value: str  # SQL
    join: str = ""  # SQL of the join that it needs


def require_columns(step: Step, known: Iterable[str]) -> None:
    """Refuse a step that names a column the table does not have, or none where it needs one."""
    present = set(known)
    if not step.keys and operations.operation(step.operation).kind != "rows":
        raise RepairError(f"{step.operation} names no column", hint="Name the column to change.")
    for column in step.reads:
        if column not in present and column != ROW:
            raise UnknownColumn(
                f"{step.operation} names the column {column!r}, which the table does not have",
                hint=f"The columns are: {', '.join(sorted(present))}.",
            )


def candidates(session: Session, steps: Sequence[Step]) -> list[Candidate]:
    """The candidate of every step and column; maps become temporary tables of the session."""
    found: list[Candidate] = []
    for position, step in enumerate(steps):
        kind = operations.validate(step.operation, step.params).kind
        if kind == "expression":
            found.extend(
                Candidate(
                    step=position,
                    column=column,
                    value=expressions.expression(step.operation, column, step.params),
                )
                for column in step.columns
            )
        elif kind == "map":
            found.append(_map_candidate(session, position, step))
    return found


def _map_candidate(session: Session, position: int, step: Step) -> Candidate:
    relation = f"_map{position}"
    load_pairs(session, relation, step.keys, step.params["pairs"])
    prefix = f"_tm_m{position}_"
    selected = ", ".join([*(f"k{i} AS {prefix}k{i}" for i in range(len(step.keys))), f"new AS {prefix}new"])
    match = " AND ".join(f"{sql.name(key)} IS NOT DISTINCT FROM {prefix}k{i}" for i, key in enumerate(step.keys))
    target = sql.name(step.keys[-1])
    return Candidate(
        step=position,
        column=step.keys[-1],
        value=f"CASE WHEN {prefix}hit THEN {prefix}new ELSE {target} END",
        join=f"LEFT JOIN (SELECT {selected}, TRUE AS {prefix}hit FROM {relation}) ON {match}",
    )


def load_pairs(session: Session, relation: str, keys: Sequence[str], pairs: Sequence[Sequence[Any]]) -> None:
    """Make old→new pairs a table `k0 … kn, new`; a key listed twice is an error."""
    import pyarrow as pa

    require_pairs(keys, pairs)
    columns = list(zip(*pairs, strict=True)) if pairs else [()] * (len(keys) + 1)
    arrays = {
        f"k{i}": pa.array(map(int, values), pa.int64()) if key == ROW else _texts(values)
        for i, (key, values) in enumerate(zip(keys, columns, strict=False))
    }
    table = pa.table(arrays | {"new": _texts(columns[-1])})
    session.register("_pairs", table)
    session.execute(f"CREATE OR REPLACE TEMP TABLE {sql.name(relation)} AS SELECT * FROM _pairs")
    session.unregister("_pairs")


def require_pairs(keys: Sequence[str], pairs: Sequence[Sequence[Any]]) -> None:
    """Refuse pairs of another width than the keys, and a key with two new values."""
    width = len(keys) + 1
    if any(len(pair) != width for pair in pairs):
        raise RepairError(
            f"a pair does not have {width} values", hint=f"Each holds values of {', '.join(keys)} and the new one."
        )
    if len({tuple(pair[:-1]) for pair in pairs}) != len(pairs):
        raise RepairError("a key stands in the pairs twice", hint="Give each old value one new value.")


def _texts(values: Sequence[Any]) -> pa.Array:
    import pyarrow as pa

    if all(value is None or isinstance(value, str) for value in values):
        return pa.array(values, pa.string())
    return pa.array([None if value is None else str(value) for value in values], pa.string())


def by_column(found: Iterable[Candidate]) -> dict[str, list[tuple[int, Candidate]]]:
    """Candidates per changed column with their position, in order of precedence."""
    columns: dict[str, list[tuple[int, Candidate]]] = {}
    for position, candidate in enumerate(found):
        columns.setdefault(candidate.column, []).append((position, candidate))
    return columns


class Composed(Record, frozen=True, kw_only=True):
    """A query over the relation with every step of the cell phases carried out."""

    query: str  # `_row`, all columns, and `_tm_o<n>`, `_tm_by<n>` for each touched column
    touched: tuple[str, ...]  # in the order of n


def compose(session: Session, relation: str, columns: Sequence[str], steps: Sequence[Step]) -> Composed:
    """Chain the cell phases; row and column operations are left to `rows` and `structure`."""
    for step in steps:
        require_columns(step, columns)
    found = candidates(session, steps)
    touched = tuple(sorted({each.column for each in found}, key=list(columns).index))
    number = {column: n for n, column in enumerate(touched)}
    carried = "".join(f", {sql.name(c)} AS _tm_o{n}, CAST(NULL AS INTEGER) AS _tm_by{n}" for c, n in number.items())
    parts = [f"base AS (SELECT _row, {sql.names(columns)}{carried} FROM {sql.name(relation)})"]
    previous = "base"
    ordered = sorted(found, key=lambda each: operations.operation(steps[each.step].operation).order)
    for phase, members in groupby(ordered, key=lambda each: operations.operation(steps[each.step].operation).phase):
        parts.append(f"{phase}_phase AS ({_phase(previous, list(members), number)})")
        previous = f"{phase}_phase"
    return Composed(query=f"WITH {', '.join(parts)} SELECT * FROM {previous}", touched=touched)


def _phase(previous: str, found: list[Candidate], number: dict[str, int]) -> str:
    values = ", ".join(f"{each.value} AS _tm_p{i}" for i, each in enumerate(found))
    joins = " ".join(each.join for each in found if each.join)
    carried = ", ".join([f"{previous}.*", values])
    replaced = []
    for column, members in by_column(found).items():
        quoted, by = sql.name(column), f"_tm_by{number[column]}"
        wins = " ".join(f"WHEN _tm_p{i} IS DISTINCT FROM {quoted} THEN _tm_p{i}" for i, _ in members)
        steps = " ".join(f"WHEN _tm_p{i} IS DISTINCT FROM {quoted} THEN {each.step}" for i, each in members)
        replaced += [f"CASE {wins} ELSE {quoted} END AS {quoted}", f"CASE {steps} ELSE {by} END AS {by}"]
    dropped = ", ".join(f"_tm_p{i}" for i in range(len(found)))
    return (
        f"SELECT * EXCLUDE ({dropped}) REPLACE ({', '.join(replaced)}) FROM (SELECT {carried} FROM {previous} {joins})"
    )
