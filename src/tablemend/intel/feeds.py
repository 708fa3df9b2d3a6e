"""RSS, Atom and JSON Feed into stories."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import unescape
from typing import Any
from urllib.parse import urljoin

from tablemend.errors import UnreadableSource
from tablemend.intel import entries
from tablemend.intel.decoding import twice
from tablemend.intel.sources import is_address
from tablemend.intel.story import Rejection, Story, rejection

_JSON_FEED = "https://jsonfeed.org/version/"
_TAG = re.compile(r"(?s)<!--.*?-->|<(script|style)\b.*?</\1\s*>|<[^>]*>")
_FEED_LINK = re.compile(
    r"""(?is)<link\b(?=[^>]*type\s*=\s*["']?application/(?:rss|atom)\+xml)[^>]*?href\s*=\s*["']?([^"'\s>]+)"""
)
_HINT = "Give the address of the feed itself."


def xml(data: bytes, name: str, address: str = "") -> tuple[str, list[Story | Rejection]]:
    """Kind and entries of RSS or Atom; UnreadableSource where it is an HTML page, damaged, or no feed.

    Relative links belong to the link of the feed itself, else to the address that it was fetched from.
    """
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
    bases = _bases([parsed.feed.get("link"), *_links(parsed.feed, "self")], address)
    return kind, [_entry(each, bases, f"entry {number}") for number, each in enumerate(parsed.entries, start=1)]


def _bases(own: Iterable[Any], address: str) -> list[str]:
    """What relative links may be resolved against, the feed's own links first."""
    found = [_resolved(each, [address]) for each in own if isinstance(each, str)]
    return [each for each in (*found, address) if is_address(each)]


def _resolved(link: str, bases: Sequence[str]) -> str:
    """A link as an address of the web where it is one or can be made one; else as it stands."""
    if not link.strip() or is_address(link):
        return link.strip()
    for base in bases:
        try:
            joined = urljoin(base, link.strip())
        except ValueError:  # brackets that hold no address
            continue
        if is_address(joined):
            return joined
    return link


def _links(element: Mapping[str, Any], kind: str) -> list[str]:
    return [str(each["href"]) for each in element.get("links", ()) if each.get("rel") == kind and each.get("href")]


def _feeds_of(data: bytes) -> str:
    found = _FEED_LINK.search(data.decode("utf-8", errors="replace"))
    return f"The page names its feed: {unescape(found[1])}" if found else _HINT


def _position(problem: Any) -> str:
    line = getattr(problem, "getLineNumber", lambda: None)()
    message = getattr(problem, "getMessage", lambda: str(problem))()
    return f"line {line}: {message}" if line else message


def _entry(entry: Mapping[str, Any], bases: Sequence[str], place: str) -> Story | Rejection:
    content: Mapping[str, Any] = next(iter(entry.get("content", ())), {})
    given = {
        "id": entry.get("id") or None,
        "title": _text(entry.get("title_detail", {})),
        "summary": _text(entry.get("summary_detail") or content),
        "url": _resolved(_link(entry), bases),
        "published": entry.get("published") or entry.get("updated") or None,
    }
    return entries.story(given, place)


def _link(entry: Mapping[str, Any]) -> str:
    """The link of an entry; its id only where that is an address, since many ids are none (`urn:`, `tag:`)."""
    alternates, link = _links(entry, "alternate"), str(entry.get("link", ""))
    if alternates:
        return link if link in alternates else alternates[0]
    return link if is_address(link) else ""


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


def json_feed(document: Mapping[str, Any], name: str, address: str = "") -> Iterator[Story | Rejection]:
    """The entries of a JSON Feed; fields that say nothing about the story are left, as the format allows more."""
    items = document.get("items")
    if not isinstance(items, list):
        raise UnreadableSource(f"{name} is a JSON Feed without items.", hint="Tell its publisher.")
    bases = _bases([document.get("home_page_url"), document.get("feed_url")], address)
    return (_item(each, bases, f"entry {number}") for number, each in enumerate(items, start=1))


def _item(item: Any, bases: Sequence[str], place: str) -> Story | Rejection:
    if not isinstance(item, dict):
        return rejection(place, f"Expected `object`, got `{type(item).__name__}`")
    if (key := twice(item)) is not None:
        return rejection(place, f"the key {key!r} stands twice in one object", entries.named(item))
    text = item.get("summary") or item.get("content_text")
    html = item.get("content_html", "")
    link = item.get("url") or item.get("external_url") or ""
    given = {
        "id": item.get("id"),
        "title": item.get("title", ""),
        "summary": text if text else plain(html) if isinstance(html, str) else html,
        "url": _resolved(link, bases) if isinstance(link, str) else link,
        "published": item.get("date_published") or item.get("date_modified"),
    }
    return entries.story(given, place)
