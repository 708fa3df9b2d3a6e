"""How far a source was seen, kept beside the table of conflicts, so that it fits what that table holds."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tablemend.conflicts.changing import Mark
from tablemend.conflicts.keeping import Keeper
from tablemend.databases import bulk, introspection

if TYPE_CHECKING:
    import pyarrow as pa

    from tablemend.databases.bulk.wire import Table

MARKS = "_marks"
"""Ends the name of the table of marks."""


class Marks:
    """The marks of one ruleset."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._table: Table = (keeper.table[0], keeper.table[1] + MARKS)

    def get(self, source: str) -> Mark | None:
        """How far a source was seen by the last run that left nothing out; None where a full run is due."""
        if not self._keeper.is_there or not self._is_there():
            return None
        where = f"{self._quoted('mark')} = '{self._key(source)}'"
        found = bulk.read(self._keeper.database, self._table, where=where).read_all().cast(_schema()).to_pylist()
        if not found:
            return None
        kept = found[0]
        return Mark(**{name: kept[name] for name in Mark.__struct_fields__})

    def put(self, mark: Mark) -> None:
        """Note how far a source was seen."""
        import pyarrow as pa

        if not self._is_there():
            bulk.create(self._keeper.database, self._table, _schema(), key=("mark",))
        values = {"mark": self._key(mark.source), "ruleset": self._keeper.ruleset}
        values |= {name: getattr(mark, name) for name in Mark.__struct_fields__}
        row = pa.Table.from_pylist([values], _schema())
        bulk.upsert(self._keeper.database, self._table, ("mark",), row)

    def drop(self) -> None:
        """Forget how far any source was seen: the next run judges everything."""
        if not self._is_there():
            return
        database, where = self._keeper.database, f"{self._quoted('ruleset')} = :ruleset"
        names = {"ruleset": self._keeper.ruleset}
        found = bulk.read(database, self._table, columns=["mark"], where=where, params=names).read_all()
        if found.num_rows:
            bulk.delete(database, self._table, ("mark",), found)

    def _is_there(self) -> bool:
        return self._table[1] in {each.name for each in introspection.tables(self._keeper.database, self._table[0])}

    def _key(self, source: str) -> str:
        return hashlib.sha256(f"{self._keeper.ruleset}\n{source}".encode()).hexdigest()[:20]

    def _quoted(self, name: str) -> str:
        return self._keeper.database.dialect.identifier_preparer.quote_identifier(name)


def _schema() -> pa.Schema:
    import pyarrow as pa

    text = ("mark", "ruleset", "source", "rules", "seen", "run")
    fields = [pa.field(name, pa.string(), nullable=False) for name in text]
    return pa.schema([*fields, pa.field("today", pa.date32()), pa.field("rows", pa.int64())])
