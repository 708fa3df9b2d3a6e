"""A source of stories, whatever it is written in: JSON Lines, JSON, CSV, RSS, Atom or JSON Feed."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from tablemend.errors import SourceNotFound, UnreadableSource
from tablemend.intel import entries, feeds, rows
from tablemend.intel.story import Collected, Rejection, Story
from tablemend.records import Source
from tablemend.tables import http, text
from tablemend.tables.limits import Limits
from tablemend.tables.source import parse

_LINES = re.compile(r"\.(jsonl|ndjson)$")
_LINE_TYPES = ("application/jsonl", "application/x-ndjson", "application/jsonlines", "application/x-jsonlines")
_WRAPPERS = ("items", "data", "results")
_TEXTS = ("csv", "json", "jsonl")

Entries = Iterable[Story | Rejection]


def collect(
    source: str | Path,
    *,
    parts: Collection[str] = (),
    limits: Limits | None = None,
    headers: Mapping[str, str] | None = None,
    stdin: BinaryIO | None = None,
) -> Collected:
    """Read every entry of a path, of `-` or of a URL, as a story or as a rejection with its reason.

    `parts` of the scorecard may be columns of CSV. Raises SourceNotFound, UnreadableSource or LimitExceeded where the
    source as a whole cannot be read; what holds no entry at all is an empty result, not an error.
    """
    limits = limits or Limits()
    named = parse(str(source))
    data, lines = _bytes(named, str(source), limits, headers, stdin)
    if not data.strip(b"\xef\xbb\xbf \t\r\n"):
        raise UnreadableSource(f"{named.location} is empty.", hint="Give a file or feed that holds stories.")
    kind, found = _read(data, named.location, parts, lines=lines or bool(_LINES.search(named.location.lower())))
    stories, rejected = _sort(found)
    limits.rows(len(stories) + len(rejected), named.location)
    return Collected(source=named.location, kind=kind, stories=stories, rejected=rejected)


def _bytes(
    named: Source, url: str, limits: Limits, headers: Mapping[str, str] | None, stdin: BinaryIO | None
) -> tuple[bytes, bool]:
    """What the source holds, and whether its server calls it JSON Lines."""
    if named.kind == "http":
        answer = http.fetch(url, limits, headers=headers)
        return answer.data, answer.kind in _LINE_TYPES
    if named.kind == "stdin":
        data = (stdin or sys.stdin.buffer).read(limits.max_bytes + 1)
        limits.bytes(len(data), "Standard input")
        return data, False
    if named.kind not in _TEXTS:
        raise UnreadableSource(
            f"{named.location} is of the kind {named.kind}, which holds no stories.",
            hint="Give JSON Lines, JSON, CSV, RSS, Atom or JSON Feed.",
        )
    return _file(Path(named.location), limits), False


def _file(path: Path, limits: Limits) -> bytes:
    try:
        limits.bytes(path.stat().st_size, path.name)
        return path.read_bytes()
    except FileNotFoundError as problem:
        raise SourceNotFound(f"{path} does not exist.", hint="Check the path.") from problem
    except OSError as problem:
        raise UnreadableSource(
            f"{path} cannot be read: {problem.strerror}.", hint="Check who may read it."
        ) from problem


def _read(data: bytes, name: str, parts: Collection[str], *, lines: bool) -> tuple[str, Entries]:
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return feeds.xml(data, name)
    decoded = text.decode(data, name).as_str().lstrip("\ufeff")
    if decoded.lstrip().startswith("<"):  # in an encoding of two bytes
        return feeds.xml(data, name)
    if lines:
        return "jsonl", _json_lines(decoded)
    if decoded.lstrip()[:1] in ("{", "["):
        return _json(decoded, name)
    return "csv", rows.read(decoded, name, parts)


def _json(decoded: str, name: str) -> tuple[str, Entries]:
    try:
        document = _decoded(decoded)
    except msgspec.DecodeError as problem:
        if _is_object(decoded.lstrip().partition("\n")[0]):
            return "jsonl", _json_lines(decoded)
        raise UnreadableSource(f"{name} is not valid JSON: {problem}.", hint="Check that it is whole.") from problem
    if feeds.is_json_feed(document):
        return "json feed", feeds.json_feed(document, name)
    if isinstance(document, dict) and "title" in document:
        return "jsonl", [entries.story(document, "line 1")]
    listed = document if isinstance(document, list) else _wrapped(document)
    if listed is None:
        raise UnreadableSource(
            f"{name} is JSON with {', '.join(sorted(document)) or 'nothing'} in it, and no list of stories.",
            hint=f"Give an array, or an object with one under {', '.join(_WRAPPERS)}.",
        )
    return "json", [entries.story(each, f"entry {number}") for number, each in enumerate(listed, start=1)]


def _decoded(text: str) -> Any:
    """JSON of a text; DecodeError also for what is nested deeper than can be followed."""
    try:
        return msgspec.json.decode(text)
    except RecursionError:
        raise msgspec.DecodeError("it is nested too deep") from None


def _is_object(line: str) -> bool:
    try:
        return isinstance(_decoded(line), dict)
    except msgspec.DecodeError:
        return False


def _wrapped(document: Mapping[str, Any]) -> list[Any] | None:
    return next((document[each] for each in _WRAPPERS if isinstance(document.get(each), list)), None)


def _json_lines(decoded: str) -> Entries:
    """One entry a line; lines without anything on them are none."""
    for number, line in enumerate(decoded.split("\n"), start=1):
        if line.strip():
            yield _json_line(line, f"line {number}")


def _json_line(line: str, place: str) -> Story | Rejection:
    try:
        return entries.story(_decoded(line), place)
    except msgspec.DecodeError as problem:
        return Rejection(place=place, reason=f"not valid JSON: {problem}")


def _sort(found: Entries) -> tuple[tuple[Story, ...], tuple[Rejection, ...]]:
    """Stories and rejections apart; of stories with one id, the first stands."""
    stories: dict[str, Story] = {}
    rejected: list[Rejection] = []
    for each in found:
        if isinstance(each, Rejection):
            rejected.append(each)
        elif each.id in stories:
            reason = f"the id {each.id} stands in {stories[each.id].place} already"
            rejected.append(Rejection(place=each.place, reason=reason, story=each.id[:80]))
        else:
            stories[each.id] = each
    return tuple(stories.values()), tuple(rejected)
