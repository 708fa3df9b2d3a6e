"""From the rows of a source to conflicts: prepared, paired, judged, assembled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from tablemend.conflicts import assembling, judging, preparing, tallying
from tablemend.conflicts.crowding import crowds, together
from tablemend.conflicts.ruleset import Ruleset
from tablemend.conflicts.tallying import Tally

if TYPE_CHECKING:
    import pyarrow as pa

    from tablemend.engine.duckdb import Session

SOURCE = "source_rows"


class Found(NamedTuple):
    """The conflicts among some rows, and what the rows are like."""

    conflicts: pa.Table  # as `assembling.assembled` gives them
    tally: Tally
    entities: pa.Array  # of the rows that were read, each once


def find(
    session: Session,
    rules: Ruleset,
    rows: pa.Table,
    *,
    today: date,
    stage: Callable[[str], None] = lambda _: None,
) -> Found:
    """Every pair of rows that cannot both be true; UnreadableSource where columns are missing or of the wrong type.

    `rows` hold every row of an entity that they hold one of; their entities are hashes. The session is used by this
    call alone. `stage` is told the stage that begins.
    """
    stage("prepare")
    told, names, ready = prepare(session, rules, rows, today=today)
    stage("judge")
    found = judging.judged(session, rules, ready)
    stage("assemble")
    return Found(assembling.assembled(session, rules, found, ready), told, names)


def prepare(session: Session, rules: Ruleset, rows: pa.Table, *, today: date) -> tuple[Tally, pa.Array, pa.Table]:
    """What rows are like, their entities, and the rows that another one may contradict, prepared."""
    preparing.require_columns(rules, rows.schema)
    seen = _asked(session, tallying.outline(rules, _prepared(rules, rows, today)), SOURCE, rows)
    groups = crowds(rules, rows[rules.entity], seen)
    chosen = rows.take(together(groups))
    ready = _asked(session, _prepared(rules, chosen, today), SOURCE, chosen)
    return tallying.tally(rules, seen, groups), groups.names, ready


def _prepared(rules: Ruleset, rows: pa.Table, today: date) -> str:
    return preparing.prepared(rules, SOURCE, rows.schema, today=today)


def _asked(session: Session, query: str, relation: str, rows: pa.Table) -> pa.Table:
    """What a query says of each row, in the order of the rows."""
    session.register(relation, rows)
    try:
        found = session.arrow(query)
    finally:
        session.unregister(relation)
    numbers = found["n"].to_numpy()
    return found if (numbers[1:] > numbers[:-1]).all() else found.take(numbers.argsort())
