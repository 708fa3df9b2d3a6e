"""Distinct values with irregular characters: stray white space or wrongly decoded text; read once per column."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from tablemend.engine import sql
from tablemend.quality.checks.consistency import DOUBLE_SPACE, MOJIBAKE, OUTER_SPACE
from tablemend.records import Record
from tablemend.repair.workbench import Workbench


class Irregular(Record, frozen=True, kw_only=True):
    """One distinct value, how often it occurs, and what is irregular about it."""

    value: str
    n: int
    outer: bool  # white space at either end
    double: bool  # doubled white space inside
    garbled: bool  # looks decoded with the wrong encoding


_KNOWN: WeakKeyDictionary[Workbench, dict[str, tuple[Irregular, ...]]] = WeakKeyDictionary()


def values(bench: Workbench, column: str) -> tuple[Irregular, ...]:
    """The irregular values of a column, most frequent first."""
    known = _KNOWN.setdefault(bench, {})
    if column not in known:
        known[column] = _read(bench, column)
    return known[column]


def _read(bench: Workbench, column: str) -> tuple[Irregular, ...]:
    kinds = {"outer": OUTER_SPACE, "double": DOUBLE_SPACE, "garbled": MOJIBAKE}
    flags = ", ".join(f"regexp_matches(v, {sql.literal(pattern)})" for pattern in kinds.values())
    any_kind = sql.literal("|".join(f"(?:{pattern})" for pattern in kinds.values()))
    source = bench.distincts.source(column)
    found = f"SELECT value AS v, sum(n)::BIGINT AS n FROM {source} WHERE regexp_matches(value, {any_kind}) GROUP BY ALL"
    rows = bench.session.rows(f"SELECT v, n, {flags} FROM ({found}) ORDER BY n DESC, v")
    return tuple(Irregular(value=v, n=n, outer=outer, double=d, garbled=g) for v, n, outer, d, g in rows)
