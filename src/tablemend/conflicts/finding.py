"""From the rows of a source to conflicts: prepared, paired, judged, assembled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from msgspec import structs

from tablemend.conflicts import assembling, judging, preparing, tallying
from tablemend.conflicts.crowding import crowds, together
from tablemend.conflicts.periods import Taken, declared, taken
from tablemend.conflicts.ruleset import Ruleset
from tablemend.conflicts.tallying import Tally
from tablemend.errors import LimitExceeded, SettingsError

if TYPE_CHECKING:
    import pyarrow as pa

    from tablemend.engine.duckdb import Session

SOURCE = "source_rows"

MOST = 1_000_000
"""Conflicts of one partition: about a GB, and more than anybody decides on."""


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
    periods: pa.Table | None = None,
    stage: Callable[[str], None] = lambda _: None,
) -> Found:
    """Every pair of rows that cannot both be true.

    Raises UnreadableSource where columns are missing or of the wrong type, LimitExceeded for more than MOST conflicts.
    `rows` hold every row of an entity that they hold one of; their entities are hashes. `periods` are those of these
    entities, where a rule asks for them. The session is used by this call alone. `stage` is told the stage that begins.
    """
    import pyarrow as pa

    stage("prepare")
    told, names, ready = prepare(session, rules, rows, today=today)
    stage("judge")
    found = pa.concat_tables(_bounded(judging.blocks(session, rules, ready), told))
    stage("assemble")
    made = assembling.assembled(session, rules, found, ready)
    if rules.of_periods:
        met = _taken(session, rules, rows, periods, today)
        made = pa.concat_tables([made, met.conflicts.cast(made.schema)])
        told = structs.replace(told, periods=met.read, unclear=met.unclear)
    return Found(made, told, names)


def _bounded(blocks: Iterator[pa.Table], told: Tally) -> Iterator[pa.Table]:
    """The blocks; LimitExceeded where there is no end to them, as under a key that stands for many."""
    found = 0
    for each in blocks:
        found += each.num_rows
        if found > MOST:
            crowd = "; ".join(
                f"{one.entity} has {one.rows:,} rows, {one.most:,} at once" for one in told.suspicious[:3]
            )
            raise LimitExceeded(
                f"there are more than {MOST:,} conflicts in one partition; suspicious: {crowd or 'none'}",
                hint="Name keys that stand for many under exclude.entities of the ruleset, or make smaller partitions.",
            )
        yield each


def prepare(session: Session, rules: Ruleset, rows: pa.Table, *, today: date) -> tuple[Tally, pa.Array, pa.Table]:
    """What rows are like, their entities, and the rows that another one may contradict, prepared."""
    preparing.require_columns(rules, rows.schema)
    seen = _asked(session, tallying.outline(rules, _prepared(rules, rows, today)), SOURCE, rows)
    groups = crowds(rules, rows[rules.entity], seen)
    chosen = rows.take(together(groups))
    ready = _asked(session, _prepared(rules, chosen, today), SOURCE, chosen)
    return tallying.tally(rules, seen, groups), groups.names, ready


def _taken(session: Session, rules: Ruleset, rows: pa.Table, periods: pa.Table | None, today: date) -> Taken:
    """The conflicts with periods; only rows of entities that have some are looked at."""
    import pyarrow.compute as pc

    entity = declared(rules).entity
    if periods is None:
        raise SettingsError("a rule asks for periods, and none were read", hint="Read those of the entities.")
    having = pc.unique(periods[entity].combine_chunks()).drop_null()
    chosen = rows.filter(pc.is_in(rows[rules.entity], having.cast(rows[rules.entity].type)))
    return taken(session, rules, _asked(session, _prepared(rules, chosen, today), SOURCE, chosen), periods)


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
