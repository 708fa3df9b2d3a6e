"""Which places a request may name: a server must not read or write any file of its machine for whoever asks."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tablemend.errors import SourceNotFound, StateError
from tablemend.tables.source import SERVERS, STDIN
from tablemend.web.identity import current
from tablemend.web.site import Site
from tablemend.workspace.writing import SOURCE

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_ELSEWHERE = {"http", "https", *SERVERS, "postgres", "mariadb"}
_FILES = {"file", "sqlite", "duckdb"}


def source(site: Site, text: str) -> str:
    """A source that whoever asks may name; raises SourceNotFound for a file that is none of theirs.

    Nothing is looked at before: whether a file exists is also no business of theirs.
    """
    if text == STDIN:
        raise StateError("a server has no standard input to read", hint="Upload the file, or name a URL.")
    scheme = _SCHEME.match(text)
    kind = scheme[1].lower().partition("+")[0] if scheme else ""
    if kind not in _ELSEWHERE and not all(_allowed(site, each) for each in _paths(text, kind)):
        raise SourceNotFound(
            "files of the server can be named only where the setting serve_paths has their folder",
            hint="Upload the file, or ask an admin to add its folder to serve_paths.",
        )
    return text


def target(site: Site, text: str | None) -> str | None:
    """Where to write: `source`, a database of a server, or a file that whoever asks may name."""
    return text if text in {None, SOURCE} else source(site, str(text))


def _paths(text: str, kind: str) -> list[Path]:
    """Every file that a source can mean: a name may hold the marks that also end it, written as they are or escaped."""
    if kind == "file":
        text = urlsplit(text).path
    elif kind in _FILES:
        text = text.split("://", 1)[1].removeprefix("/")
    ways = {text, unquote(text)} if kind else {text}
    return [Path(each[:end]) for each in ways for end in _ends(each)]


def _ends(text: str) -> list[int]:
    return [at for at, mark in enumerate(text) if mark in "#?" and at] + [len(text)]


def _allowed(site: Site, path: Path) -> bool:
    """Whether a file is one of theirs: the local owner may name any."""
    if current().via == "link":
        return True
    try:
        place = path.resolve()
    except (OSError, RuntimeError):  # a name that is too long, or links in a circle
        return False
    return any(place.is_relative_to(Path(folder).resolve()) for folder in site.base.settings.serve_paths)
