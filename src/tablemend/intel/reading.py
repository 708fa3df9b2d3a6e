"""A source of stories, whatever it is written in: JSON Lines, JSON, CSV, RSS, Atom or JSON Feed."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec

from tablemend.errors import SourceNotFound, UnreadableSource
from tablemend.intel import entries, feeds, rows
from tablemend.intel.decoding import Twofold, decoded
from tablemend.intel.story import Collected, Rejection, Story, rejection
from tablemend.records import Source
from tablemend.tables import http, text
from tablemend.tables.limits import Limits
from tablemend.tables.source import parse

_LINES = re.compile(r"\.(jsonl|ndjson)$")
_LINE_TYPES = ("application/jsonl", "application/x-ndjson", "application/jsonlines", "application/x-jsonlines")
_WRAPPERS = ("items", "data", "results")
_TEXTS = ("csv", "json", "jsonl")

_HINT = "Give a file or feed that holds stories."

Entries = Iterable[Story | Rejection]


class _Where(NamedTuple):
    """Where entries come from."""

    name: str  # as messages call it
    address: str  # on the web, which links may be relative to; empty for a file


def collect(
    source: str | Path,
    *,
    parts: Collection[str] = (),
    limits: Limits | None = None,
    headers: Mapping[str, str] | None = None,
    stdin: BinaryIO | None = None,
    source_name: str = "",
) -> Collected:
    """Read every entry of a path, of `-` or of a URL, as a story or as a rejection with its reason.

    `parts` of the scorecard may be columns of CSV. `source_name` and a colon are put before every id. Raises
    SourceNotFound, UnreadableSource or LimitExceeded where the source as a whole cannot be read or holds no entry.
    """
    limits = limits or Limits()
    named = parse(str(source))
    data, lines = _bytes(named, str(source), limits, headers, stdin)
    if not data.strip(b"\xef\xbb\xbf \t\r\n"):
        raise UnreadableSource(f"{named.location} is empty.", hint=_HINT)
    where = _Where(name=named.location, address=named.location if named.kind == "http" else "")
    kind, found = _read(data, where, parts, lines=lines or bool(_LINES.search(named.location.lower())))
    stories, rejected = _sort(found, f"{source_name}:" if source_name else "")
    if not stories and not rejected:
        raise UnreadableSource(f"{named.location} holds no stories: it is {kind} without an entry.", hint=_HINT)
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


def _read(data: bytes, where: _Where, parts: Collection[str], *, lines: bool) -> tuple[str, Entries]:
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return feeds.xml(data, where.name, where.address)
    plain = text.decode(data, where.name).as_str().lstrip("\ufeff")
    if plain.lstrip().startswith("<"):  # in an encoding of two bytes
        return feeds.xml(data, where.name, where.address)
    if lines:
        return "jsonl", _json_lines(plain)
    if plain.lstrip()[:1] in ("{", "["):
        return _json(plain, where)
    return "csv", rows.read(plain, where.name, parts)


def _json(plain: str, where: _Where) -> tuple[str, Entries]:
    try:
        document = decoded(plain)
    except msgspec.DecodeError as problem:
        if _is_object(plain.lstrip().partition("\n")[0]):
            return "jsonl", _json_lines(plain)
        raise UnreadableSource(
            f"{where.name} is not valid JSON: {problem}.", hint="Check that it is whole."
        ) from problem
    if isinstance(document, dict) and "title" in document and not feeds.is_json_feed(document):
        return "jsonl", [entries.story(document, "line 1")]
    if isinstance(document, Twofold) and not document.inner:
        raise UnreadableSource(f"{where.name}: the key {document.key!r} stands twice.", hint="Keep one of them.")
    if feeds.is_json_feed(document):
        return "json feed", feeds.json_feed(document, where.name, where.address)
    listed = document if isinstance(document, list) else _wrapped(document)
    if listed is None:
        raise UnreadableSource(
            f"{where.name} is JSON with {', '.join(sorted(document)) or 'nothing'} in it, and no list of stories.",
            hint=f"Give an array, or an object with one under {', '.join(_WRAPPERS)}.",
        )
    return "json", [entries.story(each, f"entry {number}") for number, each in enumerate(listed, start=1)]


def _is_object(line: str) -> bool:
    try:
        return isinstance(decoded(line), dict)
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
        return entries.story(decoded(line), place)
    except msgspec.DecodeError as problem:
        return rejection(place, f"not valid JSON: {problem}")


def _sort(found: Entries, prefix: str) -> tuple[tuple[Story, ...], tuple[Rejection, ...]]:
    """Stories and rejections apart; of stories with one id, the first stands."""
    stories: dict[str, Story] = {}
    rejected: list[Rejection] = []
    for each in found:
        if isinstance(each, Rejection):
            rejected.append(each)
        elif each.id in stories:
            reason = f"the id {each.id} stands in {stories[each.id].place} already"
            rejected.append(rejection(each.place, reason, each.id))
        else:
            stories[each.id] = each
    if prefix:
        return tuple(msgspec.structs.replace(each, id=prefix + each.id) for each in stories.values()), tuple(rejected)
    return tuple(stories.values()), tuple(rejected)
