"""From the rows of a source to conflicts: prepared, paired, judged, assembled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from msgspec import structs

from tablemend.conflicts import assembling, judging, preparing, tallying
from tablemend.conflicts.assembling import ROWS
from tablemend.conflicts.periods import taken
from tablemend.conflicts.ruleset import Ruleset
from tablemend.conflicts.tallying import Tally
from tablemend.engine.sql import name as quoted

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
    periods: pa.Table | None = None,
    stage: Callable[[str], None] = lambda _: None,
) -> Found:
    """Every pair of rows that cannot both be true; UnreadableSource where columns are missing or of the wrong type.

    `rows` hold every row of an entity that they hold one of; their entities are hashes. `periods` are those of these
    entities, where a rule asks for them. The session is used by this call alone. `stage` is told the stage that begins.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    preparing.require_columns(rules, rows.schema)
    session.register(SOURCE, rows)
    try:
        stage("prepare")
        query = preparing.prepared(rules, SOURCE, rows.schema, today=today)
        session.execute(f"CREATE OR REPLACE TEMP TABLE {quoted(ROWS)} AS {query}")
        told = tallying.tally(session, rules, ROWS)
        stage("judge")
        found = judging.judged(session, rules, session.arrow(f"SELECT * FROM {quoted(ROWS)} ORDER BY n"))
        stage("assemble")
        made = assembling.assembled(session, rules, found)
        if rules.of_periods:
            met = taken(session, rules, periods)
            made = pa.concat_tables([made, met.conflicts.cast(made.schema)])
            told = structs.replace(told, periods=met.read, unclear=met.unclear)
    finally:
        session.unregister(SOURCE)
        session.execute(f"DROP TABLE IF EXISTS {quoted(ROWS)}")
    return Found(made, told, pc.unique(rows[rules.entity].combine_chunks()).drop_null())
