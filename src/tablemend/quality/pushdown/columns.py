"""The columns of a database table and their profile, counted by the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.types as pt
from sqlglot import exp

from tablemend.databases.introspection import TableDescription
from tablemend.databases.types import arrow_schema
from tablemend.quality import semantic
from tablemend.quality.pushdown.dialects import SPELLINGS, Spelling, call
from tablemend.quality.thresholds import DEFAULT
from tablemend.records import ColumnProfile, Count, Record, Value

Ask = Callable[[exp.Expression], list[tuple[Any, ...]]]
"""Runs a query in the database; all its rows."""

SAMPLED = 10_000
"""Rows that the meaning of the columns is inferred from."""

NUMBERS = ("integer", "decimal", "float")


class PushedColumn(Record, frozen=True, kw_only=True):
    """A column as the database has it."""

    name: str
    kind: str  # integer, decimal (exact), float, boolean, date, timestamp, text, other
    type: str  # as the database spells it

    @property
    def cell(self) -> exp.Column:
        """The column as an expression."""
        return exp.column(exp.to_identifier(self.name, quoted=True))


class Subject(Record, frozen=True, kw_only=True):
    """A table that can be asked, and what is known of it."""

    table: TableDescription
    spelling: Spelling
    columns: tuple[PushedColumn, ...]
    ask: Ask

    @property
    def source(self) -> exp.Table:
        """The table as an expression."""
        return named_table(self.table.schema, self.table.name)

    def column(self, name: str) -> PushedColumn | None:
        """A column by its name, whatever the case."""
        return next((each for each in self.columns if each.name.lower() == name.lower()), None)


def named_table(schema: str, name: str) -> exp.Table:
    """A table with its schema, in quotes."""
    return exp.table_(exp.to_identifier(name, quoted=True), db=exp.to_identifier(schema, quoted=True))


def subject(table: TableDescription, kind: str, ask: Ask) -> Subject:
    """The table with the kinds of its columns: those of the catalogue, in SQLite those of its values."""
    spelling = SPELLINGS[kind]
    types = arrow_schema(table)
    columns = tuple(
        PushedColumn(name=each.name, kind=_kind(types.field(each.name).type, each.base, spelling), type=each.type)
        for each in table.columns
    )
    found = Subject(table=table, spelling=spelling, columns=columns, ask=ask)
    return _by_values(found) if kind == "sqlite" else found


_KINDS: tuple[tuple[Callable[[pa.DataType], bool], str], ...] = (
    (pt.is_boolean, "boolean"),
    (pt.is_integer, "integer"),
    (pt.is_decimal, "decimal"),
    (pt.is_floating, "float"),
    (pt.is_date, "date"),
    (lambda kind: pt.is_timestamp(kind) and kind.tz is None, "timestamp"),
    (lambda kind: pt.is_string(kind) or pt.is_large_string(kind), "text"),
)
_TEXTS = ("char", "text", "varchar", "string", "clob", "character varying", "tinytext", "mediumtext", "longtext")
_FIXED = ("character(", "bpchar")


def _kind(arrow: pa.DataType, declared: str, spelling: Spelling) -> str:
    for test, name in _KINDS:
        if test(arrow):
            if name != "text":
                return name
            plain = declared.lower().startswith(_TEXTS)
            padded = "character" in spelling.unsupported and declared.lower().startswith(_FIXED)
            return "text" if plain and not padded else "other"
    return "other"


def _by_values(found: Subject) -> Subject:
    """SQLite keeps the type with each value, so that only its values say what a column holds."""
    kinds = ("integer", "real", "text", "blob")
    counts = [
        _sum(exp.EQ(this=call("typeof", column.cell), expression=exp.Literal.string(kind)))
        for column in found.columns
        for kind in kinds
    ]
    if not counts:
        return found
    (row,) = found.ask(exp.select(*counts).from_(found.source))
    columns = []
    for place, column in enumerate(found.columns):
        held = {kind for kind, n in zip(kinds, row[place * 4 :], strict=False) if n}
        columns.append(PushedColumn(name=column.name, kind=_HELD.get(frozenset(held), "other"), type=column.type))
    return Subject(table=found.table, spelling=found.spelling, columns=tuple(columns), ask=found.ask)


_HELD = {
    frozenset[str](): "text",
    frozenset({"text"}): "text",
    frozenset({"integer"}): "integer",
    frozenset({"real"}): "float",
    frozenset({"integer", "real"}): "float",
}


def _sum(condition: exp.Expression) -> exp.Expression:
    """How many rows meet a condition."""
    one = exp.Case(ifs=[exp.If(this=condition, true=exp.Literal.number(1))], default=exp.Literal.number(0))
    return exp.Coalesce(this=exp.Sum(this=one), expressions=[exp.Literal.number(0)])


count_rows = _sum


def profile(found: Subject, estimates: Mapping[str, int]) -> tuple[int, tuple[ColumnProfile, ...]]:
    """Rows, and the profile of every column, in one pass and one look at the first rows.

    `estimates` are distinct values as the statistics of the database have them; they are marked as not exact, and are
    left out for columns that may be keys, which are counted.
    """
    wanted: list[exp.Expression] = [exp.Count(this=exp.Star())]
    plans = []
    for column in found.columns:
        fields = _fields(found, column, counted=column.name not in estimates or _may_be_key(column))
        plans.append((column, tuple(fields), len(wanted)))
        wanted += fields.values()
    (row,) = found.ask(exp.select(*wanted).from_(found.source))
    samples = _samples(found)
    profiles = []
    for column, names, start in plans:
        values = dict(zip(names, row[start : start + len(names)], strict=True))
        profiles.append(_profile(column, int(row[0]), values, estimates.get(column.name), samples[column.name]))
    return int(row[0]), tuple(profiles)


def _may_be_key(column: PushedColumn) -> bool:
    return semantic.names_identifier(column.name)


def _fields(found: Subject, column: PushedColumn, *, counted: bool) -> dict[str, exp.Expression]:
    cell = column.cell
    fields: dict[str, exp.Expression] = {"given": exp.Count(this=cell)}
    if column.kind == "other":
        return fields
    value = found.spelling.exact(cell) if column.kind == "text" else cell
    if counted:
        fields["distinct"] = exp.Count(this=exp.Distinct(expressions=[value]))
    if column.kind == "text":
        fields["blanks"] = _sum(found.spelling.blank(cell))
        fields["length_min"] = exp.Min(this=_length(found, cell))
        fields["length_max"] = exp.Max(this=_length(found, cell))
    if column.kind != "boolean":
        fields["minimum"], fields["maximum"] = exp.Min(this=value.copy()), exp.Max(this=value.copy())
    if column.kind in NUMBERS:
        fields["mean"] = exp.Avg(this=double(found, cell))
    return fields


def _length(found: Subject, cell: exp.Expression) -> exp.Expression:
    return call("char_length" if found.spelling.grammar in ("mysql", "postgres") else "length", cell.copy())


def double(found: Subject, cell: exp.Expression) -> exp.Expression:
    """A number as a floating-point one, as the embedded engine compares numbers."""
    return exp.Cast(this=cell.copy(), to=exp.DataType.build(found.spelling.double, dialect=found.spelling.grammar))


def _samples(found: Subject) -> dict[str, list[tuple[str, int]]]:
    """Values of the first rows as text, most frequent first."""
    names = [column.name for column in found.columns if column.kind != "other"]
    if not names:
        return {column.name: [] for column in found.columns}
    cells = [exp.column(exp.to_identifier(name, quoted=True)) for name in names]
    rows = found.ask(exp.select(*cells).from_(found.source).limit(SAMPLED))
    counted: dict[str, list[tuple[str, int]]] = {column.name: [] for column in found.columns}
    for place, name in enumerate(names):
        values = Counter(_text(row[place]) for row in rows if row[place] is not None)
        present = [(value, n) for value, n in values.most_common() if value.strip()]
        counted[name] = present[: DEFAULT.sample_values]
    return counted


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def shown(found: Any) -> Value:
    """A value of the driver as findings hold it."""
    if found is None or isinstance(found, bool | int | float | str):
        return found
    return found.isoformat(sep=" ") if isinstance(found, datetime) else _plain(found)


def _plain(found: Any) -> Value:
    return found.isoformat() if isinstance(found, date) else str(found)


_BY_KIND = {
    "integer": "integer", "decimal": "decimal", "float": "decimal", "boolean": "boolean", "date": "date",
    "timestamp": "timestamp",
}  # fmt: skip
_FORMS = {"date": "%Y-%m-%d", "timestamp": "%Y-%m-%d %H:%M:%S"}


def _edge(value: Any) -> Value:
    """Least or greatest text; a database that compares it as bytes hands it over so."""
    return shown(value.decode("utf-8") if isinstance(value, bytes) else value)


def _profile(
    column: PushedColumn,
    rows: int,
    values: Mapping[str, Any],
    estimate: int | None,
    sample: Sequence[tuple[str, int]],
) -> ColumnProfile:
    given = int(values["given"])
    exact = "distinct" in values
    distinct = int(values["distinct"]) if exact else min(estimate or 0, given)
    meaning = semantic.infer(column.name, sample, distinct_share=distinct / given if given else 0.0, limits=DEFAULT)
    number = column.kind in NUMBERS
    edge = float if number else _edge
    return ColumnProfile(
        name=column.name,
        type=_BY_KIND.get(column.kind, meaning.type),
        semantic=_BY_KIND.get(column.kind, meaning.semantic) if meaning.semantic != "identifier" else "identifier",
        form=_FORMS.get(column.kind, meaning.form),
        rows=rows,
        nulls=rows - given,
        blanks=int(values.get("blanks") or 0),
        disguised=0,  # counted with its check
        distinct=distinct,
        distinct_exact=exact,
        minimum=None if values.get("minimum") is None else edge(values["minimum"]),
        maximum=None if values.get("maximum") is None else edge(values["maximum"]),
        mean=None if values.get("mean") is None else float(values["mean"]),
        length_min=values.get("length_min"),
        length_max=values.get("length_max"),
        top=tuple(Count(value=value, n=n) for value, n in sample[: DEFAULT.top_values]),
        sampled=min(rows, SAMPLED),
    )
