"""What the database of a scanned table declares: read beside the table, and made checks that it is measured by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from tablemend.databases import bulk, constraints, introspection
from tablemend.databases.bulk.registry import DIALECTS
from tablemend.databases.constraints import Constraint
from tablemend.databases.database import Database
from tablemend.databases.introspection import TableDescription
from tablemend.databases.pool import PoolLimits
from tablemend.engine import sql
from tablemend.engine.duckdb import Session
from tablemend.errors import SourceError, SourceNotFound, TablemendError
from tablemend.quality import declared
from tablemend.records import Check, ForeignKey, Record, Snapshot, Source
from tablemend.repair.relation import DATA
from tablemend.tables import read as reading
from tablemend.tables.limits import Limits
from tablemend.tables.server import Table, named
from tablemend.tables.source import SERVERS

FILES = ("sqlite", "duckdb")


class Declared(Record, frozen=True, kw_only=True):
    """The checks of what is declared, and the tables that they read beside the scanned one."""

    checks: tuple[Check, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()  # whose parents could be read; each is a check by itself
    beside: dict[str, pa.Table] = {}  # relation → its rows
    computed: tuple[str, ...] = ()  # columns that the database computes


def is_table(source: Source) -> bool:
    """Whether the source is a table or view of a database, not a query or a file of another kind."""
    return source.sql is None and source.kind in (*FILES, *SERVERS)


def database(source: Source, url: str, limits: PoolLimits) -> Database:
    """The database of a source; `url` is how the user named it, which may hold a password."""
    if source.kind in FILES:
        place = sa.URL.create(source.kind, database=source.location, query={"mode": "ro"})
        return Database(place, limits=limits, purpose="scan")
    return Database(url, limits=limits, purpose="scan")


def read(opened: Database, session: Session, snapshot: Snapshot, limits: Limits) -> Declared:
    """Look at everything that is declared; the relation `data` must hold the snapshot.

    What cannot be told is a check with its error.
    """
    try:
        table = described(opened, snapshot.source)
    except TablemendError as problem:
        everything = "what the database declares"
        return Declared(checks=(declared.unknown("broken_constraint", (), everything, str(problem)),))
    generated = {each.name for each in table.columns if each.generated is not None}
    computed = tuple(column.name for column in snapshot.columns if column.header in generated)
    return msgspec.structs.replace(_Reader(opened, session, snapshot, limits, table).all(), computed=computed)


def described(opened: Database, source: Source) -> TableDescription:
    """The table that a source names, or the only one; MissingObject where it is gone."""
    schema, name = named(source.table or _only(opened))
    return introspection.describe(opened, name, schema)


def _only(opened: Database) -> str:
    found = [each.name for each in introspection.tables(opened)]
    if len(found) != 1:
        raise SourceNotFound(f"{opened.name} has {len(found)} tables, and none is named", hint="Add #table.")
    return found[0]


class _Reader:
    """One look at a table, its parents and its counters."""

    def __init__(
        self, opened: Database, session: Session, snapshot: Snapshot, limits: Limits, table: TableDescription
    ) -> None:
        self._database, self._session, self._snapshot, self._limits = opened, session, snapshot, limits
        self._table = table
        self._place: Table = (table.schema, table.name)
        self._dialect = DIALECTS[opened.kind]
        self._names = {column.header: column.name for column in snapshot.columns}
        self._beside: dict[str, pa.Table] = {}

    def all(self) -> Declared:
        """Foreign keys, constraints and counters."""
        keys = [self._key(each) for each in self._table.foreign_keys]
        checks = [*(each for each in keys if isinstance(each, Check)), *self._constraints(), *self._numbers()]
        return Declared(
            checks=tuple(checks),
            foreign_keys=tuple(each for each in keys if isinstance(each, ForeignKey)),
            beside=self._beside,
        )

    def _key(self, key: ForeignKey) -> ForeignKey | Check:
        local = ForeignKey(
            columns=tuple(self._names[each] for each in key.columns),
            table=key.table,
            parents=key.parents,
            declared=True,
        )
        try:
            self._beside[local.relation] = self._parents(key)
        except (TablemendError, LookupError) as problem:
            return declared.parentless(local, str(problem))
        return local

    def _parents(self, key: ForeignKey) -> pa.Table:
        """The keys of the parents as text, and those of the rows that have one.

        What is equal is for the database to say: its collations and types may call equal what is spelled otherwise.
        """
        schema, name = named(key.table)
        parent = (schema or self._table.schema, name)
        pairs = " AND ".join(
            f"p.{self._dialect.quoted(above)} = {self._dialect.qualified(*self._place)}.{self._dialect.quoted(below)}"
            for below, above in zip(key.columns, key.parents, strict=True)
        )
        met = f"EXISTS (SELECT 1 FROM {self._dialect.qualified(*parent)} AS p WHERE {pairs})"
        both = (self._rows(parent, key.parents), self._rows(self._place, key.columns, met))
        return self._union(both, key.parents)

    def _union(self, tables: Sequence[pa.Table], names: Sequence[str]) -> pa.Table:
        selects = []
        for number, table in enumerate(tables):
            self._session.register(f"_keys_{number}", table)
            texts = ", ".join(f"CAST(c{place} AS VARCHAR) AS {sql.name(name)}" for place, name in enumerate(names))
            selects.append(f"SELECT {texts} FROM _keys_{number}")
        found = self._session.arrow(" UNION ".join(selects) + " ORDER BY ALL")
        for number in range(len(tables)):
            self._session.unregister(f"_keys_{number}")
        return found

    def _rows(self, table: Table, columns: Sequence[str], where: str = "") -> pa.Table:
        """Columns of a table, named `c0` and on, as a scan reads them; LimitExceeded where they are too many."""
        if self._database.kind == "sqlite":
            found = self._file_rows(table, columns, where)
        else:
            stream = bulk.read(self._database, table, columns=columns, where=where)
            found = pa.Table.from_batches(list(self._limited(stream, table[1])), stream.schema)
        return found.rename_columns([f"c{place}" for place in range(len(columns))])

    def _file_rows(self, table: Table, columns: Sequence[str], where: str) -> pa.Table:
        """SQLite keeps types with its values, so that only the reader of its files gives them as the scan saw them."""
        picked = ", ".join(self._dialect.quoted(each) for each in columns)
        query = f"SELECT {picked} FROM {self._dialect.qualified(*table)}" + (f" WHERE {where}" if where else "")
        source = Source(kind="sqlite", location=self._snapshot.source.location, name=table[1], sql=query)
        return reading.load(source, self._limits).table.drop_columns(["_row"])

    def _limited(self, stream: pa.RecordBatchReader, name: str) -> Iterator[pa.RecordBatch]:
        rows = 0
        with stream:
            for batch in stream:
                rows += batch.num_rows
                self._limits.rows(rows, name)
                yield batch

    def _constraints(self) -> Iterator[Check]:
        try:
            found = constraints.unproven(self._database, self._table)
        except TablemendError as problem:
            yield declared.unknown("broken_constraint", (), "the constraints of the table", str(problem))
            return
        for each in found:
            try:
                yield self._broken(each)
            except TablemendError as problem:
                yield declared.unknown("broken_constraint", (), f"constraint {each.name}", str(problem))

    def _broken(self, constraint: Constraint) -> Check:
        """The rows that the database finds, by their numbers here: matched by key, or whole where there is none."""
        broken = f"NOT ({constraint.expression})"
        by = self._table.primary_key or tuple(column.name for column in self._table.columns)
        self._session.register("_broken", self._rows(self._place, by, broken))
        match = " AND ".join(
            f"d.{sql.name(self._names[name])} IS NOT DISTINCT FROM CAST(b.c{place} AS VARCHAR)"
            for place, name in enumerate(by)
        )
        numbers = self._session.arrow(
            f"SELECT _row FROM {DATA} AS d WHERE EXISTS (SELECT 1 FROM _broken AS b WHERE {match}) ORDER BY _row"
        )
        (counted,) = self._session.one("SELECT count(*) FROM _broken")
        self._session.unregister("_broken")
        if counted != numbers.num_rows:
            raise SourceError(f"{counted} rows break it, but {numbers.num_rows} of them were there when it was read")
        relation = f"rows that break {constraint.name}"
        self._beside[relation] = numbers
        columns = [self._names[each] for each in constraint.columns if each in self._names]
        listing = f"SELECT * FROM {self._dialect.qualified(*self._place)} WHERE {broken}"
        return declared.broken(constraint, columns, relation, listing)

    def _numbers(self) -> Iterator[Check]:
        counted = [column.name for column in self._table.columns if column.numbered]
        if not counted:
            return
        try:
            states = introspection.sequences(self._database, self._table.schema, self._table.name)
        except TablemendError as problem:
            yield declared.unknown("sequence_behind", (), f"numbers of {', '.join(counted)}", str(problem))
            return
        for state in states:
            yield declared.numbers(state, self._names[state.column], self._table)
        told = {state.column for state in states}
        for column in counted if self._database.kind != "sqlite" else ():  # which counts from the greatest by itself
            if column not in told:
                yield declared.unknown(
                    "sequence_behind",
                    [self._names[column]],
                    f"numbers of {column}",
                    "no sequence belongs to the column",
                )
