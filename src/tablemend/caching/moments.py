"""Where the present moment may come into a query by a text that a database reads as a date or a time."""

from __future__ import annotations

import re
from typing import Any

from sqlglot import exp

_MOMENT = re.compile(r"\b(now|today|tomorrow|yesterday)\b", re.I)
"""What PostgreSQL and SQLite read as the present moment; see their pages on date/time input and functions."""

_ISO = re.compile(
    r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?( ?(Z|[+-]\d\d(:?\d\d)?))?)?"  # a moment, whatever the day is
)
_CLOCK = re.compile(r"\d\d:\d\d(:\d\d(\.\d+)?)?")
_ESCAPED = (exp.RawString, exp.UnicodeString, exp.ByteString, exp.National, exp.HexString)
_READING = ("postgresql", "mysql", "sqlite")
"""Kinds of database that read such texts, or add the present day to a time; DuckDB does neither."""

_CASTS = (exp.Cast, exp.TryCast)
_CALLS = tuple(
    vars(exp)[name]
    for name in (
        *("Date", "Datetime", "Time", "Timestamp", "StrToTime", "StrToDate", "TimeToStr", "TsOrDsToDate"),
        *("TsOrDsToDatetime", "TsOrDsToTime", "TsOrDsToTimestamp"),
    )
    if name in vars(exp)
)
"""Functions that read a text as a moment; others of the same purpose are not known, so that nothing of them is kept."""


def is_moment(value: Any) -> bool:
    """Whether a value holds a text that databases read as the present moment."""
    if isinstance(value, list | tuple | set):
        return any(is_moment(each) for each in value)
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return isinstance(value, str) and _MOMENT.search(value) is not None


def present(tree: exp.Expression, kind: str) -> str:
    """Why a query may depend on the present moment by what it reads as a date or a time; "" where it does not."""
    for literal in tree.find_all(exp.Literal):
        if is_moment(literal.this):
            return f"{literal.this!r} may stand for the present moment"
    if tree.find(*_ESCAPED):
        return "a text in it is written with escapes, and may stand for the present moment"
    if kind not in _READING:
        return ""
    for each in tree.find_all(*_CASTS, *(() if kind == "postgresql" else _CALLS)):
        if _is_temporal(each) and not all(_is_fixed(part, each) for part in _parts(each)):
            return "what is read as a date or a time may be a text for the present moment"
    return "" if kind != "postgresql" or not tree.find(exp.Date, exp.Timestamp) else "date() may read a text"


def _is_temporal(found: exp.Expression) -> bool:
    if not isinstance(found, _CASTS):
        return True
    name = found.to.this.name if isinstance(found.to.this, exp.DataType.Type) else "OTHER"
    return name.startswith(("DATE", "TIME"))


def _parts(found: exp.Expression) -> list[exp.Expression]:
    if isinstance(found, _CASTS):
        return [found.this]
    return [part for value in found.args.values() for part in (value if isinstance(value, list) else [value])]


def _is_fixed(part: Any, whole: exp.Expression) -> bool:
    """Whether a part is a value that stands in the query, and says the same every day."""
    if not isinstance(part, exp.Expression) or isinstance(part, exp.DataType):
        return True
    if not isinstance(part, exp.Literal):
        return False
    if not isinstance(whole, _CASTS):  # one of the others is a format or a modifier
        return not part.is_string or _CLOCK.match(part.this) is None
    clock = whole.to.this.name.startswith("TIME") and "STAMP" not in whole.to.this.name
    return _ISO.fullmatch(part.this) is not None or (clock and _CLOCK.fullmatch(part.this) is not None)
