"""What the database of a table declares about it, as checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from tablemend.databases.constraints import Constraint
from tablemend.databases.introspection import SequenceState, TableDescription
from tablemend.engine import sql
from tablemend.quality.checks.subject import make
from tablemend.records import Check, ForeignKey

_WHOLE = "TRY_CAST(trim({}) AS HUGEINT)"


def broken(constraint: Constraint, columns: Sequence[str], rows: str, listing: str) -> Check:
    """Rows that break a constraint: `rows` is the relation of their numbers, `listing` the SQL that found them."""
    made = _make(
        "broken_constraint",
        [],
        query=f"SELECT _row FROM {{data}} WHERE _row IN (SELECT _row FROM {sql.name(rows)})",
        reads=columns or ["*"],
        params={"constraint": constraint.name, "expression": constraint.expression},
        message=f"The row breaks the constraint {constraint.name}: {constraint.expression}",
        rule=f"constraint {constraint.name}",
    )
    return replace(made, database=listing)


def unknown(name: str, columns: Sequence[str], what: str, error: str) -> Check:
    """A check of something declared that could not be looked at."""
    return _make(name, columns, message=what, rule=what, error=error)


def parentless(key: ForeignKey, error: str) -> Check:
    """A declared foreign key whose parents could not be read."""
    message = f"{', '.join(key.columns)} has no parent in {key.table}"
    return _make("missing_parent", key.columns, message=message, rule=f"foreign key to {key.relation}", error=error)


def numbers(state: SequenceState, column: str, table: TableDescription) -> Check:
    """Rows that hold a number which the database is yet to give out; an error where it does not tell how far it is.

    Numbers in between, where it counts by more than one, are none of them.
    """
    giver = f"the sequence {state.sequence}" if state.sequence else "the counter of the table"
    rule = f"numbers of {column}"
    if state.next is None:
        why = f"{giver} does not tell its state: the right to it is missing"
        return _make("sequence_behind", [column], message=f"{column} has a number to come", rule=rule, error=why)
    value = _WHOLE.format(sql.name(column))
    sign = ">=" if state.step > 0 else "<="
    return _make(
        "sequence_behind",
        [column],
        predicate=f"{value} {sign} {state.next} AND ({value} - {state.next}) % {abs(state.step)} = 0",
        params={"last": state.last, "next": state.next, "greatest": state.maximum},
        message=_told(state, giver, column, unique=_unique(table, state.column)),
        rule=rule,
    )


def _told(state: SequenceState, giver: str, column: str, *, unique: bool) -> str:
    last = "has given out no number yet" if state.last is None else f"has given out {state.last} last"
    reach = "goes up to" if state.step > 0 else "goes down to"
    fate = "are refused as duplicates" if unique else "get a number that is in use"
    return (
        f"{giver[0].upper()}{giver[1:]} {last}, but {column} {reach} {state.maximum}: from {state.next} on, new rows "
        f"that take a number which is there {fate}"
    )


def _unique(table: TableDescription, column: str) -> bool:
    return (column,) in (table.primary_key, *table.unique)


def _make(name: str, columns: Sequence[str], **found: Any) -> Check:
    return replace(make(name, columns, **found), declared=True)
