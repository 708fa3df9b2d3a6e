"""What the checks are derived from, and how a concrete check is made."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from tablemend.engine import sql
from tablemend.quality import profile as profiling
from tablemend.quality.distinct import Distincts
from tablemend.quality.thresholds import Thresholds
from tablemend.quality.vocabulary import CHECKS
from tablemend.records import Check, ColumnProfile, Profile
from tablemend.tables.columns import BINARY

if TYPE_CHECKING:
    from tablemend.engine.duckdb import Session

NUMERIC = ("integer", "decimal")


class Subject:
    """A profiled relation that can be asked exact questions about the values of a column."""

    def __init__(
        self, session: Session, relation: str, profile: Profile, distincts: Distincts, limits: Thresholds
    ) -> None:
        self.session = session
        self.relation = relation
        self.profile = profile
        self.distincts = distincts
        self.limits = limits

    def source(self, column: str) -> str:
        """A relation with `value` and `n` for the column."""
        return self.distincts.source(column)

    def cells(self, column: str, *predicates: str) -> tuple[int, ...]:
        """How many cells meet each predicate over `value`."""
        sums = ", ".join(f"coalesce(sum(n) FILTER (WHERE {each}), 0)::BIGINT" for each in predicates)
        return self.session.one(f"SELECT {sums} FROM {self.source(column)}")

    def quantiles(self, column: str, expression: str, shares: Sequence[float]) -> list[float]:
        """Exact quantiles of an expression over `value`; empty without values."""
        return profiling.quantiles(self.session, self.distincts, column, expression, shares)


def textual(profile: Profile) -> Profile:
    """The profile without its columns of bytes, whose text means nothing."""
    return msgspec.structs.replace(profile, columns=tuple(each for each in profile.columns if each.type != BINARY))


def make(
    name: str,
    columns: Sequence[str],
    *,
    predicate: str | None = None,
    query: str | None = None,
    message: str,
    severity: str | None = None,
    params: dict[str, Any] | None = None,
    reads: Sequence[str] = (),
    rule: str | None = None,
    error: str | None = None,
) -> Check:
    """A concrete check of the vocabulary; its id depends on the name, the columns and the rule or query."""
    kind = CHECKS[name]
    return Check(
        id=identity(name, columns, rule),
        name=name,
        dimension=kind.dimension,
        columns=tuple(columns),
        severity=severity or kind.severity,
        predicate=predicate,
        query=query,
        reads=tuple(reads),
        params=params or {},
        message=message,
        rule=rule,
        error=error,
    )


def make_search(name: str, column: ColumnProfile, pattern: str, *, message: str, **found: Any) -> Check:
    """A check that fails where `pattern` (RE2) is found in the cell."""
    predicate = f"regexp_matches({cell(column)}, {sql.literal(pattern)})"
    return make(name, [column.name], predicate=predicate, message=message, params={"search": pattern, **found})


def identity(name: str, columns: Sequence[str], rule: str | None = None) -> str:
    """The stable id of a check."""
    return hashlib.sha256(msgspec.json.encode([name, list(columns), rule])).hexdigest()[:16]


def filled(column: ColumnProfile) -> int:
    """How many cells of the column hold a value."""
    return column.rows - column.nulls - column.blanks - column.disguised


def cell(column: ColumnProfile) -> str:
    """The column as an SQL expression."""
    return sql.name(column.name)
