"""Checks as conditions in the SQL of a database: each holds for just the rows that fail in the embedded engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import sqlglot
from sqlglot import exp

from tablemend.databases.introspection import TableDescription
from tablemend.quality import semantic
from tablemend.quality.pushdown.columns import NUMBERS, PushedColumn, Subject, double, named_table
from tablemend.quality.pushdown.dialects import UNSUPPORTED, text
from tablemend.quality.pushdown.patterns import portable
from tablemend.records import Check

Parents = Callable[[str], TableDescription | None]
"""The description of a table of the same database; None where there is none."""


class Unsupported(Exception):
    """Why a check is not evaluated in this database."""


def condition(check: Check, found: Subject, parents: Parents) -> exp.Expression:
    """A condition on a row of the table; Unsupported where the database cannot tell what the check asks."""
    if check.error is not None:
        raise Unsupported(check.error)
    build = _BUILDERS.get(check.name)
    if build is None:
        raise Unsupported(UNSUPPORTED["function"])
    return build(check, found, parents)


def _column(check: Check, found: Subject, name: str = "") -> PushedColumn:
    column = found.column(name or check.columns[0])
    if column is None:
        raise Unsupported(f"there is no column {name or check.columns[0]!r}")
    return column


def _null(check: Check, found: Subject, _: Parents) -> exp.Expression:
    return exp.Is(this=_column(check, found).cell, expression=exp.Null())


def _of_text(test: str) -> Callable[[Check, Subject, Parents], exp.Expression]:
    """A test that only text can fail."""

    def build(check: Check, found: Subject, _: Parents) -> exp.Expression:
        column = _column(check, found)
        if column.kind == "other":
            raise _lacking(UNSUPPORTED["other"], column)
        if column.kind != "text":
            return exp.false()
        made: exp.Expression = getattr(found.spelling, test)(column.cell)
        return made

    return build


def _lacking(reason: str, column: PushedColumn) -> Unsupported:
    return Unsupported(f"{reason}: {column.name} is of type {column.type}")


def _disguised(check: Check, found: Subject, _: Parents) -> exp.Expression:
    column = _column(check, found)
    if column.kind == "other":
        raise _lacking(UNSUPPORTED["other"], column)
    if check.params["undecided"]:
        raise _lacking(UNSUPPORTED["sentinel"], column)
    return found.spelling.words(column.cell, check.params["tokens"]) if column.kind == "text" else exp.false()


def _required(check: Check, found: Subject, parents: Parents) -> exp.Expression:
    return exp.or_(_null(check, found, parents), _of_text("blank")(check, found, parents))


def _comparable(found: Subject, column: PushedColumn) -> exp.Expression:
    if column.kind in ("other", "float"):
        raise _lacking(UNSUPPORTED["other"], column)
    return found.spelling.exact(column.cell) if column.kind == "text" else column.cell


def _repeated(check: Check, found: Subject, _: Parents) -> exp.Expression:
    """Of a rule, cells that are not NULL; of a column that is named like a key, cells that are more than spaces."""
    columns = [_column(check, found, name) for name in check.columns]
    values = [_comparable(found, column) for column in columns]
    cells = [exp.Not(this=exp.Is(this=column.cell, expression=exp.Null())) for column in columns]
    if check.rule is None:
        cells += [
            exp.NEQ(this=found.spelling.exact(exp.Trim(this=column.cell)), expression=text(""))
            for column in columns
            if column.kind == "text"
        ]
    more = exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1))
    repeated = exp.select(*_copies(values)).from_(found.source).where(*_copies(cells))
    repeated = repeated.group_by(*_copies(values)).having(more)
    left = values[0] if len(values) == 1 else exp.Tuple(expressions=values)
    once = exp.select(exp.Star()).from_(repeated.subquery("r"))  # else MySQL groups anew for every row
    return exp.In(this=left.copy(), query=exp.Subquery(this=once))


def _copies(each: Sequence[exp.Expression]) -> list[exp.Expression]:
    return [one.copy() for one in each]


_OF_TYPE = {
    "integer": ("integer",),
    "decimal": ("integer", "decimal", "float"),
    "boolean": ("boolean",),
    "date": ("date",),
    "timestamp": ("timestamp",),
}
"""Type of a rule → kinds of columns that hold nothing else."""

_FORMS = {"integer": semantic.INTEGER, "decimal": semantic.NUMBER}


def _type(check: Check, found: Subject, parents: Parents) -> exp.Expression:
    column, wanted = _column(check, found), check.params["type"]
    if wanted == "text" or column.kind in _OF_TYPE.get(wanted, ()):
        return exp.false()
    if column.kind != "text" or wanted not in _FORMS:
        raise _lacking(UNSUPPORTED["other"], column)
    form = rf"\s*(?:{_FORMS[wanted]})\s*"
    return _present(exp.Not(this=_full_match(found, column, form)), check, found, parents)


def _full_match(found: Subject, column: PushedColumn, pattern: str) -> exp.Expression:
    if found.spelling.full_match is None:
        raise Unsupported(found.spelling.unsupported["regex"])
    written = portable(pattern)
    if written is None:
        raise Unsupported(UNSUPPORTED["pattern"])
    return found.spelling.full_match(column.cell, written)


def _present(failing: exp.Expression, check: Check, found: Subject, parents: Parents) -> exp.Expression:
    return exp.and_(failing, exp.Not(this=_of_text("blank")(check, found, parents)))


def _regex(check: Check, found: Subject, parents: Parents) -> exp.Expression:
    column = _column(check, found)
    if column.kind != "text":
        raise _lacking(UNSUPPORTED["decimal as text"], column)
    return _present(exp.Not(this=_full_match(found, column, check.params["regex"])), check, found, parents)


def _range(check: Check, found: Subject, _: Parents) -> exp.Expression:
    column = _column(check, found)
    bounds = [(kind, check.params[key]) for key, kind in (("min", exp.LT), ("max", exp.GT))]
    limits = [(kind, value) for kind, value in bounds if value is not None]
    dated = any(isinstance(value, str) for _, value in limits)
    if dated and column.kind in ("date", "timestamp"):
        cell, written = column.cell, [(kind, _moment(found, str(value))) for kind, value in limits]
    elif not dated and column.kind in NUMBERS:
        cell = double(found, column.cell)
        written = [(kind, exp.Literal.number(repr(float(value)))) for kind, value in limits]
    else:
        raise _lacking(UNSUPPORTED["text as date" if dated else "text as number"], column)
    return exp.or_(*(kind(this=cell.copy(), expression=value) for kind, value in written))


def _moment(found: Subject, value: str) -> exp.Expression:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as problem:
        raise Unsupported(f"{value!r} is not an ISO date") from problem
    if moment.tzinfo is not None:
        raise Unsupported(UNSUPPORTED["zone"])
    written = moment.isoformat(sep=" ")
    kind = "DATETIME(6)" if found.spelling.grammar == "mysql" else "TIMESTAMP"
    return exp.Cast(this=text(written), to=exp.DataType.build(kind, dialect=found.spelling.grammar))


def _values(check: Check, found: Subject, parents: Parents) -> exp.Expression:
    column, allowed = _column(check, found), check.params["values"]
    if column.kind == "text":
        value, written = found.spelling.exact(column.cell), [text(each) for each in allowed]
    elif column.kind == "integer":
        whole = [each for each in allowed if each.lstrip("-").isdecimal() and str(int(each)) == each]
        value, written = column.cell, [exp.Literal.number(each) for each in whole]
    else:
        raise _lacking(UNSUPPORTED["decimal as text"], column)
    if not written:
        return _present(exp.Not(this=exp.Is(this=column.cell, expression=exp.Null())), check, found, parents)
    return _present(exp.Not(this=exp.In(this=value, expressions=written)), check, found, parents)


def _parent(check: Check, found: Subject, parents: Parents) -> exp.Expression:
    """Keys compare as text in the embedded engine, so that only whole numbers and text are compared here."""
    above = parents(check.params["table"])
    if above is None:
        raise Unsupported(UNSUPPORTED["parent"])
    from tablemend.quality.pushdown.columns import subject

    other = subject(above, _kind_of(found), found.ask)
    pairs = []
    for name, named in zip(check.columns, check.params["parents"], strict=True):
        own, theirs = _column(check, found, name), _column(check, other, named)
        if own.kind != theirs.kind or own.kind not in ("integer", "text"):
            raise Unsupported(UNSUPPORTED["types"])
        cell = exp.column(exp.to_identifier(own.name, quoted=True), table=_alias("d"))
        cell_above = exp.column(exp.to_identifier(theirs.name, quoted=True), table=_alias("p"))
        if own.kind == "text":
            pairs.append(exp.EQ(this=found.spelling.exact(cell_above), expression=found.spelling.exact(cell)))
        pairs.append(exp.EQ(this=cell_above, expression=cell))  # by the index of the parent
    given = [
        exp.Not(this=exp.Is(this=_column(check, found, name).cell, expression=exp.Null())) for name in check.columns
    ]
    source = named_table(above.schema, above.name).as_("p")
    met = exp.Exists(this=exp.select(exp.Literal.number(1)).from_(source).where(*pairs))
    return exp.and_(*given, exp.Not(this=met))


def _alias(name: str) -> exp.Identifier:
    return exp.to_identifier(name)


def _kind_of(found: Subject) -> str:
    return found.table.database


_SIMPLE = (
    exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.And, exp.Or, exp.Not, exp.EQ,
    exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.In, exp.Is, exp.Add, exp.Sub, exp.Mul, exp.Neg,
)  # fmt: skip
"""What every database computes alike, once numbers are floating-point ones and text compares by its bytes."""


def _expression(check: Check, found: Subject, _: Parents) -> exp.Expression:
    tree = sqlglot.parse_one(check.params["expression"], read="duckdb", into=exp.Condition)
    for node in tree.walk():
        if not isinstance(node, _SIMPLE):
            raise Unsupported(f"{UNSUPPORTED['function']}: {type(node).__name__}")

    def typed(node: exp.Expression) -> exp.Expression:
        if not isinstance(node, exp.Column):
            return node
        column = _column(check, found, node.name)
        if column.kind in NUMBERS:
            return double(found, column.cell)
        if column.kind == "text" and check.params["texts"].get(column.name):
            return found.spelling.exact(column.cell)
        if column.kind in ("boolean", "date", "timestamp"):
            return column.cell
        raise _lacking(UNSUPPORTED["text as number"], column)

    return exp.Not(this=exp.Paren(this=tree.transform(typed)))


def _stale(check: Check, found: Subject, _: Parents) -> exp.Expression:
    column = _column(check, found)
    if column.kind not in ("date", "timestamp"):
        raise _lacking(UNSUPPORTED["text as date"], column)
    oldest = datetime.fromisoformat(check.params["oldest"]).replace(tzinfo=None, microsecond=0)
    newest = exp.Subquery(this=exp.select(exp.Max(this=column.cell)).from_(found.source))
    old = exp.LT(this=newest, expression=_moment(found, oldest.isoformat()))
    return exp.Coalesce(this=exp.Paren(this=old), expressions=[exp.true()])


_BUILDERS: dict[str, Callable[[Check, Subject, Parents], exp.Expression]] = {
    "null": _null,
    "blank": _of_text("blank"),
    "disguised_missing": _disguised,
    "outer_space": _of_text("outer_space"),
    "double_space": _of_text("double_space"),
    "duplicate_key": _repeated,
    "required_missing": _required,
    "type_mismatch": _type,
    "pattern_deviation": _regex,
    "out_of_range": _range,
    "not_allowed": _values,
    "missing_parent": _parent,
    "cross_column": _expression,
    "stale": _stale,
}
