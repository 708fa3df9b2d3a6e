"""Which rows of a source have changed since an earlier run, and which others must be read to judge them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tablemend.conflicts.fetching import Source
from tablemend.conflicts.ruleset import Ruleset
from tablemend.databases import bulk
from tablemend.engine.sql import literal
from tablemend.engine.sql import name as quoted
from tablemend.records import Record

if TYPE_CHECKING:
    import pyarrow as pa

    from tablemend.engine.duckdb import Session

LATE = timedelta(minutes=15)
"""A row may carry an earlier time than the one at which others could see it, since transactions take time."""
AROUND = 1
"""Days around a changed row whose rows are read: neighbours across midnight."""
TOGETHER = 4
"""Rows that are read for each that has changed, as is expected: some more only make a larger partition."""
MANY = 0.001
"""Of the rows, from which on to read the table once is quicker than to look up the rows of each entity.

An entity has some 20 rows, each on a page of its own; in order a page comes some 20 times as fast. Measured at
10,000,000 rows, of which 100,000 had changed: 2.8 s for 22 s.
"""
SHARE = 0.2
"""Of the rows, from which on a full run is quicker."""


class Mark(Record, frozen=True, kw_only=True):
    """How far an earlier run had seen a source."""

    source: str  # URL#table without password
    rules: str  # hash of the ruleset
    today: date
    rows: int  # of the source
    seen: str  # the latest change of a row
    run: str


class Since(Record, frozen=True, kw_only=True):
    """What a run over changes looks at."""

    mark: Mark
    condition: str  # rows that have changed, or have come into the window
    first: date | None  # conflicts of rows before it have left the window


def digest(rules: Ruleset) -> str:
    """Hash of all that a ruleset says; conflicts found by another one must be judged anew."""
    import hashlib

    return hashlib.sha256(msgspec.json.encode(rules, order="deterministic")).hexdigest()[:32]


def latest(source: Source) -> str:
    """The latest change of a row, as text; empty where the source does not tell changes."""
    if not source.changed:
        return ""
    sql = f"SELECT max({source.quoted(source.changed)}) AS latest FROM {source.named}"
    found = bulk.read(source.database, sql).read_all()["latest"][0].as_py()
    return "" if found is None else found.isoformat(sep=" ") if isinstance(found, datetime) else str(found)


def usable(source: Source, mark: Mark | None, today: date) -> str:
    """Why a run cannot go by what has changed since a mark; empty where it can."""
    if not source.changed:
        name = source.rules.changed
        return f"the source has no column {name}" if name else "the ruleset names no column of changes"
    if source.rules.of_periods:
        return "a rule looks at periods, whose changes are not told"
    if mark is None:
        return "no full run that left nothing out was made yet"
    if mark.rules != digest(source.rules):
        return "the ruleset was changed"
    if today < mark.today or (today > mark.today and not source.has_dates):
        return "the day that the window counts from is another one"
    return ""


def since(source: Source, mark: Mark, today: date) -> Since:
    """The conditions under which rows count as changed since a mark, or may contradict one that has."""
    window, scope = source.rules.window, source.quoted(source.rules.scope)
    first, entered = None, None
    if window is not None and today != mark.today:
        first = today - timedelta(days=window.past)
        entered = (mark.today + timedelta(days=window.future + 1), today + timedelta(days=window.future + 1))

    column = source.quoted(source.changed)
    condition = f"{column} >= {literal(_earlier(source, mark.seen))} OR {column} IS NULL"
    if entered is not None:
        low, high = (literal(str(each)) for each in entered)
        condition += f" OR ({scope} >= {low} AND {scope} < {high})"
    return Since(mark=mark, condition=f"({condition})", first=first)


def changed_ids(session: Session, source: Source, what: Since) -> pa.Array:
    """Ids of the rows that have changed, as conflicts hold them, also of rows that do not count any more."""
    found = bulk.read(source.database, source.table, columns=[source.rules.id], where=what.condition).read_all()
    session.register("changed_rows", found)
    try:
        query = f"SELECT DISTINCT CAST({quoted(source.rules.id)} AS VARCHAR) AS id FROM changed_rows"
        return session.arrow(query)["id"].combine_chunks().drop_null()
    finally:
        session.unregister("changed_rows")


class Changed(NamedTuple):
    """The rows that have changed."""

    ids: pa.Array
    first: date | None  # conflicts of rows before it have left the window

    def of(self, conflicts: pa.Table, *, left: bool = False) -> pa.Table:
        """The conflicts of which one row has changed, with `left` also those that have left the window."""
        import pyarrow.compute as pc

        chosen = pc.or_(pc.is_in(conflicts["id_a"], self.ids), pc.is_in(conflicts["id_b"], self.ids))
        if left and self.first is not None:
            for name in ("scope_a", "scope_b"):
                chosen = pc.or_(chosen, pc.fill_null(pc.less(conflicts[name], self.first), fill_value=False))
        return conflicts.filter(chosen)


def _earlier(source: Source, seen: str) -> Any:
    """From where on rows are looked at again."""
    import pyarrow.types as kinds

    kind = source.schema.field(source.changed).type
    if kinds.is_timestamp(kind):
        return (datetime.fromisoformat(seen) - LATE).isoformat(sep=" ")
    return int(seen) if kinds.is_integer(kind) else seen


def around(source: Source, what: Since, changed: int) -> str:
    """The condition of rows that could contradict one of those that have changed, and these.

    They are rows of the same entity within some days of a changed one, of which there are so many.
    A list that stands for itself is made once by every database; one that refers to the row that is asked for is made
    anew for each row by SQLite. Where the scope holds no dates for the database, all rows of the entity are meant.
    """
    import pyarrow.types as kinds

    entity, scope, condition = source.quoted(source.rules.entity), source.quoted(source.rules.scope), what.condition
    many = changed > MANY * what.mark.rows
    own = (_HIDDEN.get(source.database.kind, "{0}") if many else "{0}").format(entity)
    known = _DATES.get(source.database.kind)
    if known is None or not source.has_dates:
        return f"{own} IN (SELECT {entity} FROM {source.named} WHERE {condition})"
    plain = kinds.is_date(source.schema.field(source.rules.scope).type)
    most = AROUND if plain else AROUND + 1  # the zone of a time may make another date of it
    day, shifted = (each.format(scope) for each in known)
    days = " UNION ALL ".join(f"SELECT {n} AS n" for n in range(-most, most + 1))
    near = f"SELECT {entity}, {shifted} FROM {source.named} CROSS JOIN ({days}) AS days WHERE {condition}"
    return f"({own}, {day}) IN ({near})"


_HIDDEN = {"postgresql": "CASE WHEN {0} IS NOT NULL THEN {0} END"}
"""Kind of a database → a column of which it sees no index.

Its statistics are older than the changes: it expects a few of these, and would look each of them up.
"""


_DATES = {
    "postgresql": ("CAST({0} AS DATE)", "CAST({0} AS DATE) + n"),
    "duckdb": ("CAST({0} AS DATE)", "CAST({0} AS DATE) + n"),
    "mysql": ("CAST({0} AS DATE)", "CAST({0} AS DATE) + INTERVAL n DAY"),
    "sqlite": ("date({0})", "date({0}, n || ' days')"),
    "snowflake": ("CAST({0} AS DATE)", "DATEADD(day, n, CAST({0} AS DATE))"),
}
"""Kind of a database → the date of a column, and the one `n` days later."""
