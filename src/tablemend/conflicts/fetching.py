"""Reading the rows of a source, partition by partition, only what decides, the next one while one is judged."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Self

from msgspec import structs

from tablemend.conflicts import door
from tablemend.conflicts.beside import Beside
from tablemend.conflicts.preparing import is_text, require_columns
from tablemend.conflicts.ruleset import Ruleset
from tablemend.databases import bulk
from tablemend.databases.partitions import Partition, partition
from tablemend.engine.sql import literal, literals

if TYPE_CHECKING:
    import pyarrow as pa

    from tablemend.databases.bulk.wire import Table
    from tablemend.databases.database import Database


class Source:
    """A table or view of rows that may contradict each other."""

    def __init__(self, database: Database, table: Table, rules: Ruleset, *, secret: bytes, today: date) -> None:
        """Look at its columns; UnreadableSource where some are missing or of a wrong type."""
        self.database, self.table, self.rules = database, table, rules
        self._secret = secret
        self.schema = bulk.schema_of(database, table)
        require_columns(rules, self.schema)
        self.changed = rules.changed if rules.changed in self.schema.names else ""
        self.columns = rules.columns
        self.condition = self._condition(today)
        self._beside = self._opened()

    def _opened(self) -> Beside | None:
        """The table of periods, where a rule asks for it."""
        periods = self.rules.periods
        if periods is None or not self.rules.of_periods:
            return None
        entity = self.schema.field(self.rules.entity).type
        return Beside(self.database, self.table, self.rules, periods, entity=entity, secret=self._secret)

    def _condition(self, today: date) -> str:
        """What the database itself can leave out: rows whose status does not count, or outside the window."""
        found, exclude, window = [], self.rules.exclude, self.rules.window
        if exclude.values and is_text(self.schema.field(exclude.column).type):
            column = self.quoted(exclude.column)
            values = literals(each.casefold() for each in exclude.values)
            found.append(f"({column} IS NULL OR lower(trim({column})) NOT IN ({values}))")
        if window is not None and self.has_dates:
            column = self.quoted(self.rules.scope)
            first, behind = today - timedelta(days=window.past), today + timedelta(days=window.future + 1)
            found.append(f"{column} >= {literal(str(first))} AND {column} < {literal(str(behind))}")
        return " AND ".join(found)

    @property
    def has_dates(self) -> bool:
        """Whether the scope is a date or a time for the database too, and not a text."""
        import pyarrow.types as kinds

        kind = self.schema.field(self.rules.scope).type
        return bool(kinds.is_date(kind) or kinds.is_timestamp(kind))

    def quoted(self, name: str) -> str:
        """A name as the database writes it."""
        return self.database.dialect.identifier_preparer.quote_identifier(name)

    def partitions(self, rows: int, *, only: str = "", expected: int | None = None) -> tuple[Partition, ...]:
        """Ranges of the entity of about so many rows that count; their labels show no key.

        `only` is a condition that they must meet too, and that takes long to look at: the whole table says where to
        cut for as many as are `expected`, and where these are no more than `rows`, they are not divided.
        """
        where = " AND ".join(f"({each})" for each in (self.condition, only) if each)
        if expected == 0:
            return ()
        if expected is not None and expected <= rows:
            return (Partition(number=1, condition=where, values={}, rows=expected, counted=False, label="p0001"),)
        key = [self.rules.entity]
        if not only or expected is None:
            return partition(self.database, self.table, key, rows=rows, where=where, opaque=True)
        found = partition(self.database, self.table, key, parts=-(-expected // rows), opaque=True)
        share = expected / max(1, sum(each.rows for each in found))
        return tuple(_narrowed(each, where, round(each.rows * share)) for each in found)

    def total(self) -> int:
        """Rows of the table, also those that do not count."""
        counted = bulk.read(self.database, f"SELECT count(*) AS n FROM {self.named}").read_all()
        return int(counted.column(0)[0].as_py())

    @property
    def named(self) -> str:
        """The table as the database writes it."""
        return ".".join(self.quoted(each) for each in self.table if each is not None)

    def mark(self, part: Partition) -> str:
        """Tells a partition apart from one that was cut otherwise, and tells nobody the keys that bound it."""
        bounds = repr((self.database.place, self.table, part.condition, sorted(part.values.items())))
        return door.hashed(bounds, self._secret)

    def fetch(self, part: Partition) -> pa.Table:
        """The rows of a partition, only the columns that decide; their entities are hashes."""
        return self._read(part.condition, part.values)

    def chosen(self, column: str, values: Sequence[Any]) -> pa.Table:
        """The rows with one of some values in a column, likewise, whatever their status and date."""
        given = {f"v{n}": value for n, value in enumerate(values)}
        names = ", ".join(f":{name}" for name in given) or "NULL"
        quoted = self.quoted(column).replace(":", "\\:") if given else self.quoted(column)
        return self._read(f"{quoted} IN ({names})", given)

    def _read(self, condition: str, values: Mapping[str, Any]) -> pa.Table:
        reader = bulk.read(self.database, self.table, columns=self.columns, where=condition, params=values)
        return door.closed(reader.read_all(), self.rules.entity, self._secret)

    def periods(self, part: Partition) -> pa.Table | None:
        """The periods of the entities of a partition, likewise; None where no rule asks for them."""
        return self._beside.fetch(part) if self._beside is not None else None


def _narrowed(part: Partition, where: str, rows: int) -> Partition:
    """A partition of the rows for which a condition holds too, about so many; a colon in it is no parameter."""
    told = where.replace(":", "\\:") if part.values else where
    return structs.replace(part, condition=f"({told}) AND {part.condition}", rows=rows, counted=False)


class Ahead:
    """Fetches partitions in their order, so many ahead of the workers that judge them; a context manager."""

    def __init__(self, parts: Sequence[Partition], fetch: Callable[[Partition], pa.Table], *, ahead: int) -> None:
        self._parts = {each.number: each for each in parts}
        self._order = [each.number for each in parts]
        self._fetch = fetch
        self._ahead = ahead
        self._waiting: dict[int, Future[pa.Table]] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(max(1, ahead), "tablemend-fetch") if ahead else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def get(self, number: int) -> pa.Table:
        """The rows of a partition; what failed is fetched anew when it is asked for again."""
        if self._pool is None:
            return self._fetch(self._parts[number])
        with self._lock:
            future = self._waiting.pop(number, None)
            if future is None:
                self._order = [each for each in self._order if each != number]
                future = self._pool.submit(self._fetch, self._parts[number])
            while self._order and len(self._waiting) < self._ahead:
                following = self._order.pop(0)
                self._waiting[following] = self._pool.submit(self._fetch, self._parts[following])
        return future.result()
