"""JSON and JSON Lines: nested records as rows of text, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from tablemend.errors import UnreadableSource
from tablemend.records import Column, RejectedRow
from tablemend.tables.buffers import integers
from tablemend.tables.columns import ROW, named
from tablemend.tables.limits import Limits

WRAPPERS = ("data", "results", "records", "items")
"""Keys under which services put the list of records."""

LISTED = 1000
"""How many rejected lines are named one by one."""

Shape = Literal["list", "columns", "object", "lines"]
Path = tuple[str, ...]
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")


class Number(str):
    """A number as the source writes it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The records of a JSON text, and how they stood in it."""

    records: list[Any]
    shape: Shape
    root: Any = None  # the whole text, for shapes other than lines
    place: Path = ()  # keys from the root to the records
    lines: tuple[int, ...] = ()  # 1-based line of each record, for lines
    bad_lines: tuple[RejectedRow, ...] = ()  # all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What a JSON text holds."""

    table: pa.Table
    columns: tuple[Column, ...]
    rejected: tuple[RejectedRow, ...]
    rejected_count: int


def parse(text: str, name: str, *, lines: bool = False) -> Document:
    """Find the records of a JSON text; raise UnreadableSource where it is not JSON.

    A text of several documents is read as JSON Lines, whatever its suffix.
    """
    if lines:
        return _parse_lines(text, name)
    try:
        root = _loads(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            return _parse_lines(text, name)
        raise UnreadableSource(
            f"{name} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.",
            hint="Mend the file there, or give it the suffix of what it is.",
        ) from error
    except RecursionError:
        raise UnreadableSource(f"{name} is nested too deeply.", hint="Export it as a flat list of records.") from None
    return _find_records(root, root, ()) or Document(records=[root], shape="object", root=root)


def read(document: Document, limits: Limits, name: str) -> Parsed:
    """The records as a table of text whose first column is `_row`; nested objects become dotted columns."""
    limits.rows(len(document.records), name)
    found = [flatten(record) for record in document.records]
    paths = paths_of(found)
    limits.columns(len(paths), name)
    if not paths:
        raise UnreadableSource(f"{name} has no columns.", hint="Give a list of objects with at least one key.")
    columns = named([".".join(path) for path in paths])
    arrays = [pa.array([as_text(row.get(path)) for row in found], pa.string()) for path in paths]
    numbers = integers(np.arange(1, len(found) + 1))
    return Parsed(
        table=pa.table([numbers, *arrays], names=[ROW, *(column.name for column in columns)]),
        columns=columns,
        rejected=document.bad_lines[:LISTED],
        rejected_count=len(document.bad_lines),
    )


def flatten(record: Any) -> dict[Path, Any]:
    """The leaves of a record by their path; lists and empty objects are leaves."""
    if not isinstance(record, dict):
        return {("value",): record}
    leaves: dict[Path, Any] = {}
    _collect(record, (), leaves)
    return leaves


def _collect(record: dict[str, Any], path: Path, leaves: dict[Path, Any]) -> None:
    for key, value in record.items():
        if isinstance(value, dict) and value:
            _collect(value, (*path, key), leaves)
        else:
            leaves[*path, key] = value


def paths_of(rows: Iterable[dict[Path, Any]]) -> list[Path]:
    """Every path of the rows, in the order of their first appearance."""
    return list(dict.fromkeys(path for row in rows for path in row))


def as_text(value: Any) -> str | None:
    """A leaf as the text of a cell."""
    if value is None or type(value) is str:
        return value
    return dumps(value)


def dumps(value: Any, style: Style | None = None, depth: int = 0) -> str:
    """JSON of a value; numbers as they were written."""
    style = style or Style()
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        parts = [f"{_string(key, style)}{style.colon}{dumps(each, style, depth + 1)}" for key, each in value.items()]
        return style.wrap("{}", parts, depth)
    if isinstance(value, list):
        return style.wrap("[]", [dumps(each, style, depth + 1) for each in value], depth)
    return _string(value, style)


def _string(value: str | float | bool | None, style: Style) -> str:
    return json.dumps(value, ensure_ascii=style.ascii)


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a JSON text is laid out."""

    indent: str = ""  # of one level; none: all on one line
    colon: str = ": "
    comma: str = ", "
    ascii: bool = False  # write other characters as escapes

    def wrap(self, brackets: str, parts: Sequence[str], depth: int) -> str:
        """Put brackets around the parts of a list or object."""
        if not self.indent or not parts:
            return brackets[0] + self.comma.join(parts) + brackets[1]
        inner, outer = "\n" + self.indent * (depth + 1), "\n" + self.indent * depth
        return brackets[0] + inner + ("," + inner).join(parts) + outer + brackets[1]


def style_of(text: str) -> Style:
    """The layout of a JSON text, judged by its beginning."""
    head = text[:4096]
    indent = re.search(r"[\[{]\r?\n([ \t]+)", head)
    spaced = re.search(r'":\s', head) is not None
    return Style(
        indent=indent[1] if indent else "",
        colon=": " if spaced else ":",
        comma=", " if spaced else ",",
        ascii=text.isascii(),
    )


def rebuild(document: Document, records: list[Any]) -> Any:
    """The whole text's value with other records."""
    if document.shape == "object":
        return records[0] if records else {}
    inner: Any = records
    if document.shape == "columns":
        keys = dict.fromkeys(key for record in records for key in record)
        inner = {key: [record.get(key) for record in records] for key in keys}
    return _placed(document.root, document.place, inner)


def _placed(root: Any, place: Path, inner: Any) -> Any:
    if not place:
        return inner
    return {key: _placed(value, place[1:], inner) if key == place[0] else value for key, value in root.items()}


def retyped(text: str | None, sort: str) -> Any:
    """The text of a changed cell as JSON of the sort (number, bool, json or text) that its column holds."""
    if text is None:
        return None
    if sort == "number" and _NUMBER.fullmatch(text):
        return Number(text)
    if sort == "bool" and text in {"true", "false"}:
        return text == "true"
    if sort == "json":
        try:
            found = _loads(text)
        except json.JSONDecodeError:
            return text
        return found if isinstance(found, list | dict) else text
    return text


def sort_of(values: Iterable[Any]) -> str:
    """What the values of a column are, where all agree; else text."""
    sorts = {_sort(value) for value in values if value is not None}
    return sorts.pop() if len(sorts) == 1 else "text"


def _sort(value: Any) -> str:
    if isinstance(value, Number):
        return "number"
    if isinstance(value, bool):
        return "bool"
    return "json" if isinstance(value, list | dict) else "text"


def put(record: dict[str, Any], path: Path, value: Any) -> None:
    """Set a leaf, making the objects around it where they lack."""
    for key in path[:-1]:
        inner = record.get(key)
        if not isinstance(inner, dict):
            inner = record[key] = {}
        record = inner
    record[path[-1]] = value


def drop(record: dict[str, Any], path: Path) -> None:
    """Remove a leaf, where it is there."""
    inner: Any = record
    for key in path[:-1]:
        inner = inner.get(key) if isinstance(inner, dict) else None
    if isinstance(inner, dict):
        inner.pop(path[-1], None)


def _loads(text: str) -> Any:
    return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=Number)


def _find_records(root: Any, value: Any, place: Path) -> Document | None:
    if isinstance(value, list):
        return Document(records=value, shape="list", root=root, place=place)
    if not isinstance(value, dict):
        return None
    wrapped = [key for key in WRAPPERS if isinstance(value.get(key), list | dict)]
    for key in wrapped:
        if isinstance(value[key], list) and any(isinstance(each, dict) for each in value[key]):
            return Document(records=value[key], shape="list", root=root, place=(*place, key))
    if value and all(isinstance(each, list) for each in value.values()) and _equal_lengths(value):
        records = [dict(zip(value, row, strict=True)) for row in zip(*value.values(), strict=True)]
        return Document(records=records, shape="columns", root=root, place=place)
    inner: Callable[[str], Document | None] = lambda key: _find_records(root, value[key], (*place, key))  # noqa: E731
    return next(filter(None, map(inner, wrapped)), None)


def _equal_lengths(value: dict[str, list[Any]]) -> bool:
    lengths = {len(each) for each in value.values()}
    return len(lengths) == 1 and lengths != {0}


def _parse_lines(text: str, name: str) -> Document:
    records, lines, bad = [], [], []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            records.append(_loads(line))
            lines.append(number)
        except (json.JSONDecodeError, RecursionError) as error:
            bad.append(RejectedRow(line=number, reason=f"not JSON: {error}"))
    if not records:
        raise UnreadableSource(
            f"{name} is not JSON Lines: {bad[0].reason if bad else 'no line holds a record'}.",
            hint="Give one JSON object on each line.",
        )
    return Document(records=records, shape="lines", lines=tuple(lines), bad_lines=tuple(bad))
