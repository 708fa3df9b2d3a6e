"""Dividing the rows of a table by the columns of a key, one after the other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import msgspec

from tablemend.databases import kept
from tablemend.databases.bulk.dialect import Column
from tablemend.databases.bulk.parameters import bound
from tablemend.databases.bulk.wire import Table, Wire, shown
from tablemend.databases.cutting import Group, cut
from tablemend.databases.orders import ORDERS, Order
from tablemend.errors import DataRefused, MissingObject
from tablemend.records import Record

WHOLE = 50_000
"""Rows up to which every value of a key is counted; of more rows, statistics or a sample tell."""
SAMPLE = 20_000
"""Least rows of a sample."""
SAMPLE_EACH = 400
"""Least rows of a sample for each partition: their number is then off by 5 % (one over the root), rarely by 15 %."""
KEPT_EACH = 8
"""Least values of the statistics for each partition: one that is a value too large is then so by an eighth."""
_SHOWN = 40  # characters of a value in a label
_PARAMETER = "\0"  # stands for the parameter in a term; no identifier of a database can hold it


class Term(Record, frozen=True, kw_only=True):
    """One comparison of a condition."""

    sql: str  # with a mark where the parameter goes
    words: str = ""  # for people
    values: tuple[Any, ...] = ()  # the parameter, where there is one


class Piece(Record, frozen=True, kw_only=True):
    """Some rows of a table."""

    terms: tuple[Term, ...]  # that all of them fulfil, and no others
    rows: int
    counted: bool  # else estimated


def written(sql: str, terms: Iterable[Term]) -> tuple[str, dict[str, Any]]:
    """SQL that holds terms with its parameters named, and their values."""
    values = {f"p{n}": value for n, value in enumerate(value for term in terms for value in term.values)}
    if not values:
        return sql, {}
    first, *rest = sql.replace(":", "\\:").split(_PARAMETER)  # a colon in a name is no parameter
    return first + "".join(f":{name}{part}" for name, part in zip(values, rest, strict=True)), values


class Divider:
    """Divides the rows of one table for which a condition holds, over one connection."""

    def __init__(self, wire: Wire, table: Table, key: Sequence[str], where: str) -> None:
        self._wire = wire
        self._where = (Term(sql=f"({where})"),) if where else ()
        self._dialect = wire.dialect
        self._orders = ORDERS[self._dialect.kind]
        self._table = self._dialect.qualified(*table)
        known = {each.name: each for each in wire.columns(table)}
        self._key = [self._ordered(table, known, name) for name in key]
        if self._orders.seed:
            wire.rows(self._orders.seed)

    def _ordered(self, table: Table, known: dict[str, Column], name: str) -> Column:
        if name not in known:
            raise MissingObject(f"{shown(table)} has no column {name!r}", hint=f"It has {', '.join(known)}.")
        column = known[name]
        if column.type in self._dialect.compared or column.type.endswith("]"):
            raise DataRefused(
                f"{shown(table)} cannot be divided by {name!r}: values of type {column.type} have no order",
                hint="Name another column, best one of the primary key.",
            )
        return column

    def count(self) -> int:
        """Rows that there are to divide."""
        ((rows,),) = self._asked("SELECT count(*)", ())
        return int(rows)

    def divided(self, parts: int, within: tuple[Term, ...] = (), depth: int = 0) -> list[Piece]:
        """About so many pieces of the rows for which the terms hold, by the columns of the key from `depth` on."""
        column = self._key[depth]
        name = self._dialect.quoted(column.name)
        ((rows, present),) = self._asked(f"SELECT count(*), count({name})", within)
        even = rows / parts if rows else 1.0
        found = self._ranges(within, depth, present, max(1, round(present / even))) if present else []
        if rows > present:
            missing = Term(sql=f"{name} IS NULL", words=f"{column.name} is missing")
            found += self._further((*within, missing), depth, rows - present, even, counted=True)
        return found

    def condition(self, piece: Piece) -> tuple[str, dict[str, Any]]:
        """The condition that the rows of a piece fulfil, with its parameters named, and their values."""
        terms = (*self._where, *piece.terms)
        return written(_all(terms), terms)

    def recounted(self, pieces: list[Piece]) -> list[Piece]:
        """The pieces with their rows counted, in one pass over the table; those without rows are left out."""
        cases = " ".join(f"WHEN {_all(piece.terms)} THEN {n}" for n, piece in enumerate(pieces))
        inner = f"SELECT CASE {cases} END AS piece FROM {self._table}" + _filter(self._where)
        sql = f"SELECT piece, count(*) FROM ({inner}) AS pieces GROUP BY piece"
        terms = [term for piece in pieces for term in piece.terms]
        counts = dict(self._wire.rows(*bound(self._dialect, *written(sql, terms))))
        return [
            msgspec.structs.replace(piece, rows=int(counts[n]), counted=True)
            for n, piece in enumerate(pieces)
            if n in counts
        ]

    def _further(self, terms: tuple[Term, ...], depth: int, rows: int, even: float, *, counted: bool) -> list[Piece]:
        """The rows of one value: divided by the next column where they are too many and there is one."""
        if rows > even and depth + 1 < len(self._key):
            return self.divided(max(1, round(rows / even)), terms, depth + 1)
        return [Piece(terms=terms, rows=rows, counted=counted)]

    def _ranges(self, within: tuple[Term, ...], depth: int, present: int, parts: int) -> list[Piece]:
        """Pieces of the rows that have a value in a column of the key."""
        column = self._key[depth]
        wanted = max(SAMPLE, SAMPLE_EACH * parts)
        whole = present <= max(WHOLE, wanted)
        told = [] if whole or within or self._where else self._kept(column, present, parts)
        found = told or self._values(within, column, 1.0 if whole else wanted / present)
        groups = cut([count for _, count in found], parts, divisible=depth + 1 < len(self._key))
        single = present / parts if len(found) == 1 else math.inf
        if len(groups) < 2:  # also where a sample found nothing
            every = Term(sql=f"{self._dialect.quoted(column.name)} IS NOT NULL", words=f"{column.name} is there")
            return self._further((*within, every), depth, present, single, counted=True)
        ranges = self._between(column, [value for value, _ in found], groups, short=not told)
        shares = _shares([each.weight for each in groups], present)
        pieces: list[Piece] = []
        for group, terms, rows in zip(groups, ranges, shares, strict=True):
            even = present / parts if group.end - group.first == 1 else math.inf
            pieces += self._further((*within, *terms), depth, rows, even, counted=whole)
        return pieces

    def _between(
        self, column: Column, values: list[Any], groups: list[Group], *, short: bool
    ) -> list[tuple[Term, ...]]:
        """Terms of each group: the first has no lower end and the last no upper one, so that nothing is left out.

        `short` makes the beginning of a text an end: not where many rows may lie between two values.
        """
        edges = [self._edge(column, values, *pair, short=short) for pair in pairwise(groups)]
        lower = [None, *(above for _, above in edges)]
        upper = [*(below for below, _ in edges), None]
        return [
            self._range(column, values[group.first], *ends) for group, *ends in zip(groups, lower, upper, strict=True)
        ]

    def _range(self, column: Column, first: Any, low: Term | None, high: Term | None) -> tuple[Term, ...]:
        if low and high and low.values == high.values == (first,):
            return (self._term(column, "=", first),)
        return tuple(each for each in (low, high) if each)

    def _edge(
        self, column: Column, values: list[Any], before: Group, after: Group, *, short: bool
    ) -> tuple[Term, Term]:
        """What the rows before an edge fulfil, and what those after it; each value fulfils one of the two."""
        last, first = values[after.first - 1], values[after.first]
        if before.heavy and not after.heavy:
            return self._term(column, "<=", last), self._term(column, ">", last)
        if short and isinstance(first, str) and not after.heavy and self._is_text(column):
            first = _prefix(last, first)
        return self._term(column, "<", first), self._term(column, ">=", first)

    def _term(self, column: Column, comparison: str, value: Any) -> Term:
        order, name = self._order(column), self._dialect.quoted(column.name)
        parameter = order.bound.format(_PARAMETER, type=column.type)
        words = f"{column.name} {comparison} {str(value)[:_SHOWN]}"
        return Term(sql=f"{order.image.format(name)} {comparison} {parameter}", words=words, values=(value,))

    def _order(self, column: Column) -> Order:
        return self._orders.text if self._is_text(column) else self._orders.other

    def _is_text(self, column: Column) -> bool:
        return self._dialect.is_text(column) or column.type.startswith("enum")

    def _kept(self, column: Column, present: int, parts: int) -> list[tuple[Any, float]]:
        """Values of a column that the database keeps, where they are enough."""
        found = kept.values(self._wire, self._table, column, self._order(column), present)
        return found if len(found) >= KEPT_EACH * parts else []

    def _values(self, within: tuple[Term, ...], column: Column, share: float) -> list[tuple[Any, float]]:
        """Values of a column in order, with their rows, or with those of a sample."""
        name, order = self._dialect.quoted(column.name), self._order(column)
        image = order.image.format(name)
        present = Term(sql=f"{name} IS NOT NULL")
        chosen = () if share >= 1 else (Term(sql=self._orders.chosen.format(share=f"{share:.9f}")),)
        # a name of its own: a column `min` would be sorted by what is selected under that name
        head = f"SELECT min({order.shown.format(name)}) AS tablemend_value, count(*) AS tablemend_rows"
        found = self._asked(head, (*within, present, *chosen), f" GROUP BY {image} ORDER BY {image}")
        if order.utf8:  # a server may sort long texts by their beginning alone
            found.sort(key=lambda row: row[0].encode())
        return [(value, float(count)) for value, count in found]

    def _asked(self, head: str, terms: tuple[Term, ...], tail: str = "") -> list[tuple[Any, ...]]:
        every = (*self._where, *terms)
        return self._wire.rows(
            *bound(self._dialect, *written(f"{head} FROM {self._table}{_filter(every)}{tail}", every))
        )


def _all(terms: tuple[Term, ...]) -> str:
    return " AND ".join(each.sql for each in terms)


def _filter(terms: tuple[Term, ...]) -> str:
    return f" WHERE {_all(terms)}" if terms else ""


def _prefix(last: Any, first: str) -> str:
    """The shortest beginning of a text that comes after the one before it, by the bytes of UTF-8."""
    before = last.encode() if isinstance(last, str) else b""
    return next(first[:end] for end in range(1, len(first) + 1) if first[:end].encode() > before)


def _shares(weights: Sequence[float], total: int) -> list[int]:
    """Whole numbers in proportion to the weights, which add up to the total."""
    scale, reached, sums = total / sum(weights), 0.0, [0]
    for weight in weights:
        reached += weight
        sums.append(round(reached * scale))
    return [b - a for a, b in pairwise(sums)]
