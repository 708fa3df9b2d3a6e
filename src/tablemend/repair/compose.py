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
    by: str = ""  # SQL of the position, where the value is of one of several steps


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
    return [
        each
        for position in range(len(steps))
        if _kind(steps[position])
        for each in _offered(session, steps, [position])
    ]


def _kind(step: Step) -> str:
    """How a step changes cells; nothing where it changes rows or columns."""
    kind = operations.validate(step.operation, step.params).kind
    return kind if kind in ("expression", "map") else ""


def _offered(session: Session, steps: Sequence[Step], together: Sequence[int]) -> Iterable[Candidate]:
    """The candidates of one step, or the one of several maps by the same keys."""
    step = steps[together[0]]
    if _kind(step) == "map":
        return [_map_candidate(session, steps, together)]
    return [
        Candidate(step=together[0], column=column, value=expressions.expression(step.operation, column, step.params))
        for column in step.columns
    ]


def _together(steps: Sequence[Step]) -> list[list[int]]:
    """Steps that change cells, in order of precedence; maps by the same keys are one, as a join for each of hundreds
    takes time that grows with their square.

    Between two of them no other step may offer a value for their column, and they are of one phase.
    """
    found: list[list[int]] = []
    last: dict[str, list[int]] = {}  # by column
    for position in sorted(range(len(steps)), key=lambda each: operations.operation(steps[each].operation).order):
        step, kind = steps[position], _kind(steps[position])
        columns = step.columns if kind == "expression" else step.keys[-1:]
        before = last.get(columns[0]) if kind == "map" else None
        if before is not None and _alike(steps[before[0]], step):
            before.append(position)
        elif kind:
            found.append([position])
            last |= dict.fromkeys(columns, found[-1])
    return found


def _alike(step: Step, other: Step) -> bool:
    phases = {operations.operation(each.operation).phase for each in (step, other)}
    return _kind(step) == _kind(other) == "map" and step.keys == other.keys and len(phases) == 1


def _map_candidate(session: Session, steps: Sequence[Step], together: Sequence[int]) -> Candidate:
    position = together[0]
    relation, keys, prefix = f"_map{position}", steps[position].keys, f"_tm_m{position}_"
    columns = [f"k{i}" for i in range(len(keys))]
    if len(together) > 1:
        _load_several(session, relation, steps, together)
        columns.append("step")
    else:
        load_pairs(session, relation, keys, steps[position].params["pairs"])
    selected = ", ".join(f"{each} AS {prefix}{each}" for each in (*columns, "new"))
    match = " AND ".join(f"{sql.name(key)} IS NOT DISTINCT FROM {prefix}k{i}" for i, key in enumerate(keys))
    return Candidate(
        step=position,
        column=keys[-1],
        value=f"CASE WHEN {prefix}hit THEN {prefix}new ELSE {sql.name(keys[-1])} END",
        join=f"LEFT JOIN (SELECT {selected}, TRUE AS {prefix}hit FROM {relation}) ON {match}",
        by=f"{prefix}step" if len(together) > 1 else "",
    )


def _load_several(session: Session, relation: str, steps: Sequence[Step], together: Sequence[int]) -> None:
    """Make the pairs of several maps one table, with the step: of a key, the first that changes anything."""
    import pyarrow as pa

    keys = steps[together[0]].keys
    first: dict[tuple[Any, ...], tuple[Any, int]] = {}
    for position in together:
        pairs = steps[position].params["pairs"]
        require_pairs(keys, pairs)
        for pair in pairs:
            old = tuple(int(v) if key == ROW else _text(v) for key, v in zip(keys, pair, strict=False))
            if (new := _text(pair[-1])) != old[-1]:
                first.setdefault(old, (new, position))
    arrays = [*zip(*first, strict=True)] or [()] * len(keys)
    _load(
        session,
        relation,
        {
            **{
                f"k{i}": pa.array(values, pa.int64() if key == ROW else pa.string())
                for i, (key, values) in enumerate(zip(keys, arrays, strict=True))
            },
            "new": pa.array([new for new, _ in first.values()], pa.string()),
            "step": pa.array([position for _, position in first.values()], pa.int32()),
        },
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
    _load(session, relation, arrays | {"new": _texts(columns[-1])})


def _load(session: Session, relation: str, arrays: dict[str, Any]) -> None:
    import pyarrow as pa

    session.register("_pairs", pa.table(arrays))
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
    return pa.array(map(_text, values), pa.string())


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


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
    found = [each for together in _together(steps) for each in _offered(session, steps, together)]
    touched = tuple(sorted({each.column for each in found}, key=list(columns).index))
    number = {column: n for n, column in enumerate(touched)}
    carried = "".join(f", {sql.name(c)} AS _tm_o{n}, CAST(NULL AS INTEGER) AS _tm_by{n}" for c, n in number.items())
    parts = [f"base AS (SELECT _row, {sql.names(columns)}{carried} FROM {sql.name(relation)})"]
    previous = "base"
    for phase, members in groupby(found, key=lambda each: operations.operation(steps[each.step].operation).phase):
        parts.append(f"{phase}_phase AS ({_phase(previous, list(members), number)})")
        previous = f"{phase}_phase"
    return Composed(query=f"WITH {', '.join(parts)} SELECT * FROM {previous}", touched=touched)


def _phase(previous: str, found: list[Candidate], number: dict[str, int]) -> str:
    offers = [f"{each.value} AS _tm_p{i}" for i, each in enumerate(found)]
    offers += [f"{each.by} AS _tm_q{i}" for i, each in enumerate(found) if each.by]
    joins = " ".join(each.join for each in found if each.join)
    replaced = []
    for column, members in by_column(found).items():
        quoted, by = sql.name(column), f"_tm_by{number[column]}"
        differs = [(f"WHEN _tm_p{i} IS DISTINCT FROM {quoted} THEN", i, each) for i, each in members]
        wins = " ".join(f"{when} _tm_p{i}" for when, i, _ in differs)
        steps = " ".join(f"{when} {f'_tm_q{i}' if each.by else each.step}" for when, i, each in differs)
        replaced += [f"CASE {wins} ELSE {quoted} END AS {quoted}", f"CASE {steps} ELSE {by} END AS {by}"]
    dropped = ", ".join(each.rpartition(" AS ")[2] for each in offers)
    return (
        f"SELECT * EXCLUDE ({dropped}) REPLACE ({', '.join(replaced)}) "
        f"FROM (SELECT {', '.join([f'{previous}.*', *offers])} FROM {previous} {joins})"
    )
