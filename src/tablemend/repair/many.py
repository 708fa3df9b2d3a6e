"""Many tables of a database at once: which ones a pattern names, and what became of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

import msgspec

from tablemend.databases import introspection
from tablemend.databases.database import Database
from tablemend.databases.ledger import OWN
from tablemend.errors import SourceNotFound, UnreadableSource
from tablemend.records import Record
from tablemend.tables.source import without_secrets

_SHOWN = 20  # names of tables in a hint
_PATTERN = re.compile(r"(?:([^\"@/:#.]+)\.)?([^\"@/:#.]+)")
_FILES = ("sqlite:", "duckdb:")  # beginnings of URLs that hold no secret
_SYSTEM = {
    *("information_schema", "pg_catalog", "pg_toast", "mysql", "performance_schema", "sys"),
    *("INFORMATION_SCHEMA", "temp"),
}
"""Schemas that belong to the database itself."""

Outcome = Literal["scanned", "healed", "partial", "failed", "skipped", "left"]
"""partial: healed, but not every repair or row could be; skipped: an earlier run did it; left: the run ended before."""
FINE = ("scanned", "healed", "skipped")


class Pattern(Record, frozen=True, kw_only=True):
    """Some tables of a database, as a user names them: `URL#schema.*`."""

    base: str  # path or URL without the tables; may hold a password
    schema: str | None  # None: the default one of the connection
    name: str  # with *, ? or [ ]

    @property
    def shown(self) -> str:
        """As the user wrote it, without secrets."""
        base = self.base if self.base.startswith(_FILES) else without_secrets(self.base)
        return f"{base}#{self.named(self.name)}"

    def named(self, table: str) -> str:
        """A table with its schema, where that was named."""
        return f"{self.schema}.{table}" if self.schema else table


class TableResult(Record, frozen=True, kw_only=True, omit_defaults=False):
    """What became of one table."""

    table: str  # with its schema where that was named
    outcome: Outcome
    reason: str = ""  # why it was not scanned or healed as a whole
    run: str = ""  # of its scan; "" where none was finished
    change_set: str = ""  # of a heal that changed something
    rows: int = 0
    findings: int = 0
    levels: dict[str, int] = {}  # severity → findings
    score: float | None = None  # after a heal, that of the healed table
    cells: int = 0  # changed by a heal
    rows_removed: int = 0  # by a heal
    seconds: float = 0.0


class Plan(Record, frozen=True, kw_only=True):
    """What a run over many tables was to do."""

    source: str  # as the user wrote it, without secrets
    place: str  # whole path of the file, or address of the server, with the pattern
    tables: tuple[str, ...]


class Many(Record, frozen=True, kw_only=True):
    """A run over many tables."""

    run: str
    source: str  # as the user wrote it, without secrets
    status: Literal["completed", "partial", "cancelled"]
    tables: tuple[TableResult, ...]
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether every table was scanned, or healed as a whole."""
        return all(each.outcome in FINE for each in self.tables)

    def count(self, *outcomes: Outcome) -> int:
        """Tables with one of these outcomes."""
        return sum(each.outcome in outcomes for each in self.tables)

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "run_id": self.run,
            "source": self.source,
            "status": self.status,
            "ok": self.ok,
            "outcomes": {name: self.count(name) for name in dict.fromkeys(each.outcome for each in self.tables)},
            "rows": sum(each.rows for each in self.tables),
            "findings": sum(each.findings for each in self.tables),
            "tables": [msgspec.structs.asdict(each) for each in self.tables],
            "seconds": round(self.seconds, 3),
        }


def pattern(source: Any) -> Pattern | None:
    """The tables that a source names by a pattern after its last `#`; None where it names none or one.

    A name in double quotes is no pattern, and a path that is there is a path.
    """
    if not isinstance(source, str):
        return None
    base, mark, fragment = source.rpartition("#")
    found = _PATTERN.fullmatch(fragment)
    if not mark or not found or not set("*?[") & set(fragment) or Path(source).exists():
        return None
    schema, name = found.groups()
    if schema is not None and set("*?[") & set(schema):
        raise UnreadableSource(
            f"{without_secrets(base)}: the schema {schema!r} is a pattern, and only names of tables can be one",
            hint="Name one schema, as URL#schema.* does.",
        )
    return Pattern(base=base, schema=schema, name=name)


def chosen(database: Database, named: Pattern, exclude: Sequence[str]) -> list[str]:
    """Tables of a schema that a pattern names and none of `exclude` does, in order.

    Left out are views, the parts of a partitioned table, whose rows it has, and the ledger of loads. SourceNotFound
    where there is none, with what there is; MissingObject where there is no such schema.
    """
    if named.schema in _SYSTEM:
        raise SourceNotFound(
            f"{named.schema} belongs to the database itself", hint="Name one table of it exactly to scan that."
        )
    found = introspection.tables(database, named.schema)
    parts = introspection.parts(database, named.schema)
    tables = sorted(each.name for each in found if each.kind == "table" and each.name not in {*parts, *OWN})
    matching = [each for each in tables if fnmatchcase(each, named.name)]
    taken = [each for each in matching if not _matches(named, each, exclude)]
    if taken:
        return [named.named(each) for each in taken]
    if matching:
        raise SourceNotFound(f"{named.shown}: every table that matches is excluded", hint="Exclude less.")
    views = sum(each.kind != "table" for each in found)
    beside = f". A view ({views:,} of them) is only taken where it is named exactly" if views else ""
    raise SourceNotFound(f"{named.shown} matches no table", hint=f"There are {_some(tables)}{beside}.")


def _matches(named: Pattern, table: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(table, each) or fnmatchcase(named.named(table), each) for each in patterns)


def _some(names: Sequence[str]) -> str:
    if not names:
        return "no tables"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
