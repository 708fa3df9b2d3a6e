"""Rows of CSV into stories."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from tablemend.errors import UnreadableSource
from tablemend.intel import entries
from tablemend.intel.story import Rejection, Story, rejection

COLUMNS = {
    "id": "by default the canonical URL, else a hash of the title",
    "title": "must be there",
    "summary": "",
    "url": "address of the story",
    "published": "ISO 8601 or RFC 822",
    "flags": "separated by spaces or ;",
    "tactics": "separated by ;",
    "angle": "",
    "claims": "separated by |",
    "evidence_urls": "addresses that support every claim, separated by spaces or ;",
    "contradicting_urls": "addresses that contradict every claim, separated by spaces or ;",
}
"""Columns of CSV; besides them, one for each part of the scorecard."""

DELIMITERS = (",", ";", "\t")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


def read(text: str, name: str, parts: Collection[str]) -> Iterator[Story | Rejection]:
    """Each row as a story or a rejection; UnreadableSource where the first line is no header of stories."""
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header = _header(reader, name, parts)
    return _rows(reader, header, parts)


def _header(reader: Any, name: str, parts: Collection[str]) -> list[str]:
    try:
        header = [each.strip().casefold() for each in next((row for row in reader if any(row)), [])]
    except csv.Error as problem:
        raise UnreadableSource(f"{name}: its first line is no header: {problem}.", hint=_HINT) from problem
    if "title" not in header:
        raise UnreadableSource(
            f"{name} is no feed, no JSON, and no CSV with a column title; its first line is "
            f"{', '.join(header)[:80]!r}.",
            hint=_HINT,
        )
    known = [*COLUMNS, *(part.casefold() for part in parts)]
    strange = next((each for n, each in enumerate(header) if each not in known or each in header[:n]), None)
    if strange is not None:
        what = "stands twice" if strange in known else f"is not known; known are {', '.join(known)}"
        raise UnreadableSource(f"{name}: the column {strange!r} {what}.", hint="Rename or remove the column.")
    return header


_HINT = "Give JSON Lines, JSON, CSV with a header, RSS, Atom or JSON Feed."


def _rows(reader: Any, header: Sequence[str], parts: Collection[str]) -> Iterator[Story | Rejection]:
    while True:
        place = f"line {reader.line_num + 1}"
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            yield rejection(place, _broken(problem))
            continue
        if any(cell.strip() for cell in row):
            yield _story(row, header, parts, place)


def _broken(problem: csv.Error) -> str:
    if "field limit" in str(problem):
        return f"a cell has more than {csv.field_size_limit():,} characters"
    return f"not valid CSV: {problem}"


def _story(row: Sequence[str], header: Sequence[str], parts: Collection[str], place: str) -> Story | Rejection:
    if len(row) != len(header):
        return rejection(place, f"it has {len(row)} cells, and the header {len(header)}")
    cells = {name: cell.strip() for name, cell in zip(header, row, strict=True)}
    try:
        scores = {part: _number(part, cell) for part in parts if (cell := cells.get(part.casefold()))}
    except ValueError as problem:
        return rejection(place, str(problem), cells.get("id") or cells["title"])
    return entries.story(_entry(cells) | {"scores": scores}, place)


def _number(part: str, cell: str) -> float:
    if not _NUMBER.fullmatch(cell):
        raise ValueError(f"{part}: {cell!r} is no number")
    return float(cell)


def _entry(cells: dict[str, str]) -> dict[str, object]:
    """The cells of a row as an entry of JSON would hold them."""
    plain = {name: cells[name] for name in ("title", "summary", "url", "angle") if name in cells}
    given = {name: cells[name] for name in ("id", "published") if cells.get(name)}
    evidence = [
        {"url": url, "kind": kind}
        for column, kind in (("evidence_urls", "support"), ("contradicting_urls", "contradict"))
        for url in _members(cells.get(column, ""), r"[;\s]+")
    ]
    return (
        plain
        | given
        | {
            "flags": _members(cells.get("flags", ""), r"[;\s]+"),
            "tactics": _members(cells.get("tactics", ""), ";"),
            "claims": _members(cells.get("claims", ""), r"\|"),
            "evidence": evidence,
        }
    )


def _members(cell: str, separator: str) -> list[str]:
    return [each.strip() for each in re.split(separator, cell) if each.strip()]
