"""The tables in which conflicts are kept, and their history, in the database that they are written to."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tablemend.conflicts.assembling import FACTS, KEY
from tablemend.conflicts.changes import ACTIONS, Changes
from tablemend.databases import bulk, introspection
from tablemend.databases.bulk.wire import shown
from tablemend.errors import DataRefused, NotFound
from tablemend.records import Record

if TYPE_CHECKING:
    import pyarrow as pa
    import sqlalchemy as sa

    from tablemend.databases.bulk.wire import Table
    from tablemend.databases.database import Database

HISTORY = "_history"
"""Ends the name of the table that holds what conflicts were before each run that changed them."""

CHANGE = "change"
"""Key of the history: the conflict and the run that changed it."""

BEFORE = "before_"
"""Begins the columns of the history that hold what was there."""


class Written(Record, frozen=True, kw_only=True):
    """What became of the changes of one partition."""

    counts: dict[str, int]  # action → rows
    left: int = 0  # rows that somebody else changed meanwhile, left for the next run


class Undone(Record, frozen=True, kw_only=True):
    """What became of the conflicts that a run had written."""

    removed: int  # that it had found
    restored: int
    left: int  # changed since


class Keeper:
    """Conflicts of one ruleset in a table of a database."""

    def __init__(self, database: Database, table: Table, ruleset: str) -> None:
        self.database = database
        self.table = table
        self.history: Table = (table[0], table[1] + HISTORY)
        self.ruleset = ruleset

    def prepare(self) -> None:
        """Make the tables where they are not there; DataRefused where one of that name is another kind of table."""
        schemas = ((self.table, schema(), (KEY,)), (self.history, history_schema(), (CHANGE,)))
        there = {each.name for each in introspection.tables(self.database, self.table[0])}
        for table, wanted, key in schemas:
            if table[1] not in there:
                bulk.create(self.database, table, wanted, key=key)
                continue
            known = bulk.schema_of(self.database, table).names
            if missing := [name for name in wanted.names if name not in known]:
                raise DataRefused(
                    f"{shown(table)} is no table of conflicts: it has no column {', '.join(missing)}",
                    hint="Name a table that is not there yet, or one that an earlier run made.",
                )

    @property
    def is_there(self) -> bool:
        """Whether the table of conflicts is there."""
        return self.table[1] in {each.name for each in introspection.tables(self.database, self.table[0])}

    def kept(self) -> pa.Table:
        """All that is kept of the ruleset: KEY, FACTS, content, status, found, runs, times; nothing without a table."""
        names = [name for name in schema().names if name != "ruleset"]
        if not self.is_there:
            return schema().empty_table().select(names)
        where = f"{self._quoted('ruleset')} = :ruleset"
        reader = bulk.read(self.database, self.table, columns=names, where=where, params={"ruleset": self.ruleset})
        return reader.read_all().cast(some(names))

    def _quoted(self, name: str) -> str:
        return self.database.dialect.identifier_preparer.quote_identifier(name)

    def write(self, changes: Changes, kept: pa.Table, *, run: str, now: datetime) -> Written:
        """Write the changes of a partition and what was there before, in one transaction.

        A row that is not as `kept` holds it is left as it is: somebody has decided on it meanwhile.
        """
        import pyarrow.compute as pc

        rows = changes.rows
        counts = {action: changes.count(action) for action in ACTIONS}
        if not rows.num_rows:
            return Written(counts=counts)
        fresh = rows.filter(pc.equal(rows["action"], "new"))
        others = rows.filter(pc.not_equal(rows["action"], "new"))
        before = _lined_up(kept, others)
        with self.database.transaction() as connection:
            left: list[str] = []
            if fresh.num_rows:
                bulk.insert(connection, self.table, self._new(fresh, run, now))
            if others.num_rows:
                left = self._change(connection, others, before, run, now)
            done = pc.invert(pc.is_in(others[KEY], pc.cast(_strings(left), others[KEY].type)))
            self._remember(connection, fresh, None, run, now)
            self._remember(connection, others.filter(done), before.filter(done), run, now)
        for action in others.filter(pc.invert(done))["action"].to_pylist():
            counts[action] -= 1
        return Written(counts=counts, left=len(left))

    def decide(
        self, rows: pa.Table, before: pa.Table, *, run: str, now: datetime, by: str, note: str = ""
    ) -> list[str]:
        """Write the statuses that somebody set, in one transaction; gives the keys of those changed meanwhile.

        `rows` and `before` hold the same conflicts in the same order, as `kept` gives them.
        """
        import pyarrow.compute as pc

        if not rows.num_rows:
            return []
        named = rows.append_column("action", _words("decided", rows.num_rows))
        with self.database.transaction() as connection:
            left = self._change(connection, named.select([KEY, "status", "action"]), before, run, now)
            done = pc.invert(pc.is_in(rows[KEY], pc.cast(_strings(left), rows[KEY].type)))
            self._remember(connection, named.filter(done), before.filter(done), run, now, by=by, note=note)
        return left

    def undo(self, run: str, *, by: str, now: datetime) -> Undone:
        """Take back what a run wrote, in one transaction; NotFound where it wrote nothing here.

        A conflict that was changed since, by people or a later run, is left as it is.
        """
        import pyarrow.compute as pc

        written = self._history_of(run)
        if not written.num_rows:
            raise NotFound(f"run {run} has written no conflict here", hint="`tablemend runs list` lists runs.")
        with self.database.transaction() as connection:
            kept = self.kept()
            there = written.filter(pc.is_in(written[KEY], kept[KEY]))
            now_kept = _lined_up(kept, there)
            own = functools.reduce(
                pc.and_,
                [pc.equal(now_kept["run"], run), *(pc.equal(now_kept[n], there[n]) for n in ("content", "status"))],
            )
            there, now_kept = there.filter(own), now_kept.filter(own)
            fresh = pc.equal(there["action"], "new")
            gone, back = there.filter(fresh), there.filter(pc.invert(fresh))
            if gone.num_rows:
                bulk.delete(connection, self.table, (KEY,), gone.select([KEY]))
            if back.num_rows:
                bulk.update(connection, self.table, (KEY,), _as_before(back))
            undone = there.set_column(
                there.schema.get_field_index("action"), "action", _words("undone", there.num_rows)
            )
            undone = undone.select([KEY, "action", "content", "status", "found"])
            self._remember(connection, undone, now_kept, by, now)
        return Undone(removed=gone.num_rows, restored=back.num_rows, left=written.num_rows - there.num_rows)

    def _history_of(self, run: str) -> pa.Table:
        where = f"{self._quoted('run')} = :run"
        return (
            bulk.read(self.database, self.history, where=where, params={"run": run}).read_all().cast(history_schema())
        )

    def _new(self, rows: pa.Table, run: str, now: datetime) -> pa.Table:
        made = _with(rows.drop_columns(["action"]), ruleset=self.ruleset, first_run=run, run=run)
        return _moments(made, ("first_at", "changed_at"), now).select(schema().names).cast(schema())

    def _change(
        self, connection: sa.Connection, rows: pa.Table, before: pa.Table, run: str, now: datetime
    ) -> list[str]:
        """Keys of the rows that were not as expected; a column in which none of them changes is not written."""
        same = [name for name in rows.schema.names if name != KEY and name in before.schema.names]
        same = [name for name in same if rows[name].equals(before[name])]
        data = _moments(_with(rows.drop_columns(["action", *same]), run=run), ("changed_at",), now)
        expected = before.select([KEY, "content", "status", "found"])
        outcome = bulk.update(connection, self.table, (KEY,), data, expected=expected)
        keys = (*outcome.conflict_keys[KEY].to_pylist(), *outcome.missing_keys[KEY].to_pylist())
        return [str(each) for each in keys]

    def _remember(
        self,
        connection: sa.Connection,
        rows: pa.Table,
        before: pa.Table | None,
        run: str,
        now: datetime,
        **told: str,  # who, and why
    ) -> None:
        """Note what an action found and made of each row."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if not rows.num_rows:
            return
        wanted = history_schema()
        made = _moments(_with(rows.select([KEY, "action", "content", "status", "found"]), run=run), ("at",), now)
        made = made.append_column(CHANGE, pc.binary_join_element_wise(made[KEY], made["run"], "-"))
        for name in ("by", "note"):
            made = made.append_column(name, pa.repeat(pa.scalar(told.get(name) or None, pa.string()), rows.num_rows))
        for field in wanted:
            name = field.name.removeprefix(BEFORE)
            if field.name.startswith(BEFORE):
                column = before[name] if before is not None else pa.nulls(rows.num_rows, field.type)
                made = made.append_column(field.name, column)
        bulk.insert(connection, self.history, made.select(wanted.names).cast(wanted))


def schema() -> pa.Schema:
    """The columns of the table of conflicts."""
    import pyarrow as pa

    numbers = ("overlap_minutes", "gap_minutes", "miles", "mph", "travel_minutes", "amount")
    moments = ("start_a", "end_a", "start_b", "end_b", "first_at", "changed_at")
    kinds = {
        **dict.fromkeys(numbers, pa.float64()),
        **dict.fromkeys(moments, pa.timestamp("us")),
        **dict.fromkeys(("scope_a", "scope_b"), pa.date32()),
        "found": pa.bool_(),
    }
    names = (KEY, "ruleset", *FACTS, "content", "status", "found", "first_run", "run", "first_at", "changed_at")
    needed = (KEY, "ruleset", "entity", "id_a", "id_b", "flags", "content", "status", "found", "first_run", "run")
    return pa.schema([pa.field(name, kinds.get(name, pa.string()), nullable=name not in needed) for name in names])


def history_schema() -> pa.Schema:
    """The columns of the history: what each run did to a conflict, and what was there before; null where it was new."""
    import pyarrow as pa

    kept = schema()
    own = [
        pa.field(CHANGE, pa.string(), nullable=False),
        kept.field(KEY),
        *(pa.field(name, pa.string(), nullable=False) for name in ("run", "action")),
    ]
    own += [pa.field("at", pa.timestamp("us")), *(kept.field(name) for name in ("content", "status", "found"))]
    own += [pa.field(name, pa.string()) for name in ("by", "note")]  # of a decision: who took it, and why
    changed = (*FACTS, "content", "status", "found", "run", "changed_at")
    return pa.schema([*own, *(pa.field(f"{BEFORE}{name}", kept.field(name).type) for name in changed)])


def some(names: Sequence[str]) -> pa.Schema:
    """Some columns of the table of conflicts."""
    import pyarrow as pa

    return pa.schema([schema().field(name) for name in names])


def _lined_up(kept: pa.Table, rows: pa.Table) -> pa.Table:
    """The kept rows with the keys of these, in their order."""
    import pyarrow.compute as pc

    return kept.take(pc.index_in(rows[KEY], kept[KEY].combine_chunks()))


def _with(rows: pa.Table, **values: str) -> pa.Table:
    import pyarrow as pa

    for name, value in values.items():
        rows = rows.append_column(name, pa.repeat(pa.scalar(value), rows.num_rows))
    return rows


def _moments(rows: pa.Table, names: Sequence[str], now: datetime) -> pa.Table:
    import pyarrow as pa

    plain = now.replace(tzinfo=None)
    for name in names:
        rows = rows.append_column(name, pa.repeat(pa.scalar(plain, pa.timestamp("us")), rows.num_rows))
    return rows


def _as_before(rows: pa.Table) -> pa.Table:
    """What a history says was there, as the table of conflicts has it."""
    names = [name for name in rows.schema.names if name.startswith(BEFORE)]
    return rows.select([KEY, *names]).rename_columns([KEY, *(name.removeprefix(BEFORE) for name in names)])


def _words(word: str, rows: int) -> Any:
    import pyarrow as pa

    return pa.repeat(pa.scalar(word), rows)


def _strings(values: list[str]) -> Any:
    import pyarrow as pa

    return pa.array(values, pa.string())
