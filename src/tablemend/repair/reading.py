"""Reading whatever a user names as a source, under the limits and headers of the settings."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from tablemend.records import Source
from tablemend.settings import Settings
from tablemend.tables.limits import Limits
from tablemend.tables.read import Loaded, load
from tablemend.tables.source import SERVERS, from_frame, parse
from tablemend.telemetry import Progress


def read(
    source: Any,
    settings: Settings,
    progress: Progress,
    *,
    options: Mapping[str, str | None],
    name: str | None = None,
    most: int | None = None,
) -> Loaded:
    """A path, URL, `-` or frame as a loaded table; raises SourceError.

    `most` is the number of bytes after which what an address on the web sends is cut, by default nowhere.
    """
    limits = limits_of(settings)
    if not isinstance(source, str | Path):
        return load(from_frame(source, name or "frame"), limits, frame=source)
    place = parsed(str(source), options, name)
    progress("load", 0.0)
    return load(
        place,
        limits,
        progress=partial(progress, "load"),
        headers={key: value.get_secret_value() for key, value in settings.http_headers.items()},
        url=str(source) if place.kind in _URLS else None,
        most=most,
    )


def parsed(source: str, options: Mapping[str, str | None], name: str | None = None) -> Source:
    """What a user named, a file under its whole path."""
    return _absolute(parse(source, **({"name": name} | dict(options))))


def limits_of(settings: Settings) -> Limits:
    """How much a source may hold."""
    return Limits(
        max_rows=settings.max_rows,
        max_bytes=settings.max_bytes,
        max_columns=settings.max_columns,
        http_timeout=settings.http_timeout,
        http_deadline=settings.http_deadline,
        statement_timeout=settings.push_down_timeout,
        http_private=settings.http_private is not False,
    )


_URLS = ("http", *SERVERS)
"""Kinds of source that a URL names; it may hold a secret, which the record of the source leaves out."""


def _absolute(source: Source) -> Source:
    """A file under its whole path, so that it is the same dataset from every folder."""
    if source.kind in (*_URLS, "stdin", "frame"):
        return source
    return msgspec.structs.replace(source, location=str(Path(source.location).resolve()))
