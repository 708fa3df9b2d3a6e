"""RSS, Atom and JSON Feed into stories."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any

from tablemend.errors import UnreadableSource
from tablemend.intel import entries
from tablemend.intel.story import Rejection, Story

_JSON_FEED = "https://jsonfeed.org/version/"
_TAG = re.compile(r"(?s)<!--.*?-->|<(script|style)\b.*?</\1\s*>|<[^>]*>")
_FEED_LINK = re.compile(
    r"""(?is)<link\b(?=[^>]*type\s*=\s*["']?application/(?:rss|atom)\+xml)[^>]*?href\s*=\s*["']?([^"'\s>]+)"""
)
_HINT = "Give the address of the feed itself."


def xml(data: bytes, name: str) -> tuple[str, list[Story | Rejection]]:
    """Kind and entries of RSS or Atom; UnreadableSource where it is an HTML page, damaged, or no feed."""
    import feedparser

    start = data[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if re.match(rb"(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*(<!doctype\s+html|<html)", start, re.S):
        raise UnreadableSource(f"{name} is an HTML page, where a feed was expected.", hint=_feeds_of(data))
    parsed = feedparser.parse(
        io.BytesIO(data.lstrip(b" \t\r\n"))
    )  # a stream, since it would take bytes for the name of a file
    problem = parsed.get("bozo_exception")
    if parsed.bozo and not isinstance(problem, feedparser.CharacterEncodingOverride):
        raise UnreadableSource(f"{name} is not well-formed XML: {_position(problem)}.", hint="Tell its publisher.")
    if not parsed.version:
        raise UnreadableSource(f"{name} is XML, but neither RSS nor Atom.", hint=_HINT)
    kind = "atom" if parsed.version.startswith("atom") else "rss"
    return kind, [_entry(each, f"entry {number}") for number, each in enumerate(parsed.entries, start=1)]


def _feeds_of(data: bytes) -> str:
    found = _FEED_LINK.search(data.decode("utf-8", errors="replace"))
    return f"The page names its feed: {unescape(found[1])}" if found else _HINT


def _position(problem: Any) -> str:
    line = getattr(problem, "getLineNumber", lambda: None)()
    message = getattr(problem, "getMessage", lambda: str(problem))()
    return f"line {line}: {message}" if line else message


def _entry(entry: Mapping[str, Any], place: str) -> Story | Rejection:
    content: Mapping[str, Any] = next(iter(entry.get("content", ())), {})
    given = {
        "id": entry.get("id") or None,
        "title": _text(entry.get("title_detail", {})),
        "summary": _text(entry.get("summary_detail") or content),
        "url": entry.get("link", ""),
        "published": entry.get("published") or entry.get("updated") or None,
    }
    return entries.story(given, place)


def _text(detail: Mapping[str, Any]) -> str:
    """A text of a feed by its declared type."""
    value = str(detail.get("value", ""))
    return plain(value) if "html" in str(detail.get("type", "")) else value


def plain(html: str) -> str:
    """The text of HTML, without its tags."""
    return unescape(_TAG.sub(" ", html))


def is_json_feed(document: Any) -> bool:
    """Whether a JSON document says that it is a JSON Feed (jsonfeed.org)."""
    return isinstance(document, dict) and str(document.get("version", "")).startswith(_JSON_FEED)


def json_feed(document: Mapping[str, Any], name: str) -> Iterator[Story | Rejection]:
    """The entries of a JSON Feed; fields that say nothing about the story are left, as the format allows more."""
    items = document.get("items")
    if not isinstance(items, list):
        raise UnreadableSource(f"{name} is a JSON Feed without items.", hint="Tell its publisher.")
    return (_item(each, f"entry {number}") for number, each in enumerate(items, start=1))


def _item(item: Any, place: str) -> Story | Rejection:
    if not isinstance(item, dict):
        return Rejection(place=place, reason=f"Expected `object`, got `{type(item).__name__}`")
    text = item.get("summary") or item.get("content_text")
    html = item.get("content_html", "")
    given = {
        "id": item.get("id"),
        "title": item.get("title", ""),
        "summary": text if text else plain(html) if isinstance(html, str) else html,
        "url": item.get("url") or item.get("external_url") or "",
        "published": item.get("date_published") or item.get("date_modified"),
    }
    return entries.story(given, place)
