"""Reading the periods that stand beside the rows of a source: those of the entities of a partition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tablemend.conflicts import door
from tablemend.conflicts.preparing import is_text
from tablemend.conflicts.ruleset import Periods, Ruleset
from tablemend.databases import bulk
from tablemend.errors import UnreadableSource

if TYPE_CHECKING:
    import pyarrow as pa

    from tablemend.databases.bulk.wire import Table
    from tablemend.databases.database import Database
    from tablemend.databases.partitions import Partition


class Beside:
    """The table of periods of a ruleset, in the database of its rows."""

    def __init__(
        self, database: Database, rows: Table, rules: Ruleset, periods: Periods, *, entity: pa.DataType, secret: bytes
    ) -> None:
        """Look at its columns; UnreadableSource where some are missing or of a wrong type, MissingObject without it.

        `entity` is the type of the keys of the rows.
        """
        self.database, self.rows, self.table = database, rows, (periods.schema or rows[0], periods.table)
        self._entity, self._periods, self._secret = rules.entity, periods, secret
        require_columns(periods, bulk.schema_of(database, self.table), entity)

    def fetch(self, part: Partition) -> pa.Table:
        """The periods of the entities of a partition, only the columns that decide; their entities are hashes."""
        within = f" WHERE {part.condition}" if part.condition else ""
        named = self._written((self._periods.entity, self._entity), part)
        table = ".".join(self._written([each for each in self.rows if each is not None], part))
        where = f"{named[0]} IN (SELECT {named[1]} FROM {table}{within})"
        columns = self._periods.columns
        reader = bulk.read(self.database, self.table, columns=columns, where=where, params=part.values)
        return door.closed(reader.read_all(), self._periods.entity, self._secret)

    def _written(self, names: list[str] | tuple[str, ...], part: Partition) -> list[str]:
        """Names as SQL holds them; beside parameters a colon in a name is no beginning of one."""
        quote = self.database.dialect.identifier_preparer.quote_identifier
        return [quote(each).replace(":", "\\:") if part.values else quote(each) for each in names]


def require_columns(periods: Periods, schema: pa.Schema, entity: pa.DataType) -> None:
    """Raise UnreadableSource that names every column that is missing, or whose type cannot be used."""
    import pyarrow.types as kinds

    types = {each.name: each.type for each in schema}
    if missing := [each for each in periods.columns if each not in types]:
        raise UnreadableSource(
            f"the table of periods {periods.table} has no column {', '.join(missing)}; it has {', '.join(types)}",
            hint="Name its columns in [periods] of the ruleset.",
        )
    wrong = [
        f"{name} is {types[name]} and must be a date or a time"
        for name in (periods.start, periods.end)
        if not (is_text(types[name]) or kinds.is_timestamp(types[name]) or kinds.is_date(types[name]))
    ]
    if is_text(types[periods.entity]) != is_text(entity):
        wrong.append(f"{periods.entity} is {types[periods.entity]}, and {entity} beside the rows")
    if wrong:
        raise UnreadableSource(
            f"columns of {periods.table} have types that cannot be used: {'; '.join(wrong)}",
            hint="Cast them in a view, and name it in [periods] of the ruleset.",
        )
