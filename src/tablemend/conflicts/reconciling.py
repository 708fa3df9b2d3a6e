"""Comparing kept conflicts with the table of an older procedure: what both found, and what only one of them did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from msgspec import structs

from tablemend.conflicts import words
from tablemend.conflicts.assembling import KEY
from tablemend.conflicts.listing import Listing, Wanted
from tablemend.databases import bulk
from tablemend.engine.sql import literal, literals
from tablemend.engine.sql import name as quoted
from tablemend.errors import NotFound, UnreadableSource
from tablemend.records import Record

if TYPE_CHECKING:
    from tablemend.conflicts.keeping import Keeper
    from tablemend.conflicts.reasons import Reason
    from tablemend.conflicts.ruleset import Ruleset
    from tablemend.databases.bulk.wire import Table
    from tablemend.databases.database import Database
    from tablemend.engine.duckdb import Session

READ, OLD, NEW = "old_rows", "old_pairs", "new_pairs"
"""Names of the relations that are compared."""

YES, NO = ("true", "t", "yes", "y", "1", "x"), ("", "false", "f", "no", "n", "0")
"""What says in a column of one flag whether it is set; any other text is a list of flags."""

FLAGS = "flags"
"""Column that is taken for the flags where none is named and it is there."""


class Columns(NamedTuple):
    """What the columns of the older table are called."""

    id_a: str = "id_a"
    id_b: str = "id_b"
    flags: tuple[str, ...] = ()


class Share(Record, frozen=True, kw_only=True):
    """Pairs of one flag."""

    both: int
    only: int  # found by the side alone whose flag it is


class Example(Record, frozen=True, kw_only=True):
    """A pair that one of them alone has found."""

    only: Literal["old", "new"]
    id_a: str
    id_b: str
    flags: str
    reason: str = ""  # of an old one: why it is none now, where its rows were looked up
    told: tuple[str, ...] = ()  # in sentences, as far as its rows are known


class Reconciled(Record, frozen=True, kw_only=True):
    """Two tables of conflicts compared.

    `selves`, `incomplete`, `mirrored`, `repeated` and `old` add up to `rows`; `both` and `only_old` to `old`;
    `both` and `only_new` to `new`.
    """

    rows: int  # of the older table
    selves: int  # a row with itself
    incomplete: int  # without one of the ids
    mirrored: int  # the other way round of a pair that is there
    repeated: int  # of a pair that is there the same way round
    old: int  # pairs of the older table, each counted once
    new: int  # pairs that are kept and found
    periods: int  # that are kept and found of a row and a period, which are compared with nothing
    both: int
    only_old: int
    only_new: int
    old_flags: dict[str, Share]  # as the older table names them
    new_flags: dict[str, Share]
    looked_up: int = 0  # of those only in the older table
    reasons: dict[str, int] = {}  # why these are none now → pairs
    examples: tuple[Example, ...] = ()


class Comparison:
    """The pairs of an older table and those that are kept, in one session."""

    def __init__(self, session: Session, rules: Ruleset) -> None:
        self._session, self._rules = session, rules

    def read_old(self, database: Database, table: Table, columns: Columns) -> None:
        """Read the older table; UnreadableSource where a column is not there."""
        known = bulk.schema_of(database, table).names
        flags = columns.flags or tuple(name for name in (FLAGS,) if name in known)
        wanted = (columns.id_a, columns.id_b, *flags)
        if missing := [name for name in dict.fromkeys(wanted) if name not in known]:
            raise UnreadableSource(
                f"the older table has no column {', '.join(missing)}; it has {', '.join(known)}",
                hint="Name its columns with --id-a, --id-b and --flags.",
            )
        self._load(READ, bulk.read(database, table, columns=tuple(dict.fromkeys(wanted))), _old(columns, flags))
        self._session.execute(_OLD)

    def read_new(self, keeper: Keeper) -> None:
        """Read what is kept and found; NotFound where no table is there."""
        if not keeper.is_there:
            raise NotFound(
                "no conflicts are kept here", hint="`tablemend conflicts run SOURCE --to TARGET` keeps some."
            )
        where = f"{keeper.database.dialect.identifier_preparer.quote_identifier('ruleset')} = :ruleset"
        names, given = (KEY, "id_a", "id_b", "flags", "found"), {"ruleset": keeper.ruleset}
        flags = literals(each.flag for each in self._rules.rules if each.test == "period")
        taken = f"list_has_any(string_split(flags, ' '), [{flags}])" if flags else "FALSE"
        rows = bulk.read(keeper.database, keeper.table, columns=names, where=where, params=given)
        self._load(NEW, rows, _NEW.format(taken=taken))

    def _load(self, relation: str, rows: Any, query: str) -> None:
        """Keep a query over rows as they arrive, so that they need not fit into memory."""
        self._session.register("arriving", rows)
        try:
            self._session.execute(f"CREATE OR REPLACE TEMP TABLE {relation} AS {query}")
        finally:
            self._session.unregister("arriving")

    def counted(self) -> Reconciled:
        """What both have, and what only one of them has."""
        rows, selves, incomplete, mirrored, repeated, old = self._session.one(_SHAPE)
        new, periods = self._session.one(f"SELECT count(*) FILTER (NOT taken), count(*) FILTER (taken) FROM {NEW}")
        (both,) = self._session.one(f"SELECT count(*) FROM {OLD} JOIN {_PAIRS} USING (x, y)")
        return Reconciled(
            rows=rows,
            selves=selves,
            incomplete=incomplete,
            mirrored=mirrored,
            repeated=repeated,
            old=old,
            new=new,
            periods=periods,
            both=both,
            only_old=old - both,
            only_new=new - both,
            old_flags=self._shares(OLD, _PAIRS),
            new_flags=self._shares(_PAIRS, OLD),
        )

    def _shares(self, side: str, other: str) -> dict[str, Share]:
        found = self._session.rows(_SHARES.format(side=side, other=other))
        return {flag: Share(both=both, only=only) for flag, both, only in found}

    def only_old(self, limit: int) -> list[tuple[str, str, str]]:
        """Ids and flags of some pairs that only the older table has; which, hangs on nothing but their ids."""
        return [(x, y, flags) for x, y, flags in self._session.rows(_ONLY.format(side=OLD, other=_PAIRS, limit=limit))]

    def only_new(self, keeper: Keeper, limit: int) -> list[Example]:
        """Some conflicts that only are kept, and why they are some."""
        found = self._session.rows(_KEYS.format(limit=limit))
        if not found:
            return []
        rows = Listing(keeper).rows(Wanted(ids=tuple(key for (key,) in found))).to_pylist()
        return [
            Example(
                only="new",
                id_a=each["id_a"],
                id_b=each["id_b"],
                flags=each["flags"],
                told=words.explained(self._rules, each),
            )
            for each in rows
        ]


def told(
    found: Reconciled, pairs: Sequence[tuple[str, str, str]], reasons: Sequence[Reason], examples: int
) -> Reconciled:
    """With the pairs that only the older table has, and why they are no conflicts, where their rows were looked up."""
    counts = Counter(each.text for each in reasons)
    some = [
        Example(
            only="old",
            id_a=a,
            id_b=b,
            flags=flags,
            reason=reasons[n].text if reasons else "",
            told=reasons[n].told if reasons else (),
        )
        for n, (a, b, flags) in enumerate(pairs[:examples])
    ]
    return structs.replace(
        found, looked_up=len(reasons), reasons=dict(counts.most_common()), examples=(*some, *found.examples)
    )


def _old(columns: Columns, flags: Sequence[str]) -> str:
    """The SELECT of the older table: ids as texts, and the flags of each row in a list."""
    listed = " || ".join(f"({_flags(name)})" for name in flags) or "CAST([] AS VARCHAR[])"
    a, b = (f"CAST({quoted(each)} AS VARCHAR)" for each in (columns.id_a, columns.id_b))
    return f"SELECT {a} AS id_a, {b} AS id_b, {listed} AS flags FROM arriving"


def _flags(column: str) -> str:
    """The flags that a column says of a row: its own name where it only says yes, else those that it lists."""
    text = f"lower(trim(CAST({quoted(column)} AS VARCHAR)))"
    return (
        f"CASE WHEN {text} IS NULL OR {text} IN ({literals(NO)}) THEN CAST([] AS VARCHAR[]) "
        f"WHEN {text} IN ({literals(YES)}) THEN [{literal(column)}] "
        f"ELSE regexp_extract_all(CAST({quoted(column)} AS VARCHAR), '[^\\s,;|]+') END"
    )


_OLD = f"""
CREATE OR REPLACE TEMP TABLE {OLD} AS
SELECT least(id_a, id_b) AS x, greatest(id_a, id_b) AS y, count(*) AS rows, count(DISTINCT id_a) AS ways,
  list_sort(list_distinct(flatten(list(flags)))) AS flags
FROM {READ} WHERE id_a <> id_b GROUP BY ALL"""
_NEW = f"""
SELECT {KEY}, least(id_a, id_b) AS x, greatest(id_a, id_b) AS y, string_split(flags, ' ') AS flags, {{taken}} AS taken
FROM arriving WHERE CAST(found AS BOOLEAN)"""
_PAIRS = f"(SELECT * FROM {NEW} WHERE NOT taken)"
_SHAPE = f"""
SELECT sum(rows)::BIGINT, sum(selves)::BIGINT, sum(incomplete)::BIGINT, sum(mirrored)::BIGINT, sum(repeated)::BIGINT,
  sum(pairs)::BIGINT
FROM (
  SELECT count(*) AS rows, count(*) FILTER (id_a = id_b) AS selves,
    count(*) FILTER (id_a IS NULL OR id_b IS NULL) AS incomplete, 0 AS mirrored, 0 AS repeated, 0 AS pairs
  FROM {READ}
  UNION ALL
  SELECT 0, 0, 0, coalesce(sum(ways - 1), 0), coalesce(sum(rows - ways), 0), count(*) FROM {OLD})"""
_SHARES = """
SELECT unnest(s.flags) AS flag, count(*) FILTER (o.x IS NOT NULL) AS both, count(*) FILTER (o.x IS NULL) AS only
FROM {side} AS s LEFT JOIN {other} AS o ON s.x = o.x AND s.y = o.y GROUP BY flag ORDER BY flag"""
_ONLY = """
SELECT s.x, s.y, array_to_string(s.flags, ' ') FROM {side} AS s ANTI JOIN {other} AS o ON s.x = o.x AND s.y = o.y
ORDER BY md5(s.x || chr(31) || s.y) LIMIT {limit}"""
_KEYS = f"""
SELECT s.{KEY} FROM {_PAIRS} AS s ANTI JOIN {OLD} AS o ON s.x = o.x AND s.y = o.y ORDER BY s.{KEY} LIMIT {{limit}}"""
