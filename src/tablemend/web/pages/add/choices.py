"""How a source is read, to choose from: what is found by itself comes first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tablemend.web.components import forms

DELIMITERS = {
    ",": "comma  ,",
    ";": "semicolon  ;",
    "tab": "tab",
    "|": "bar  |",
    ":": "colon  :",
    "^": "caret  ^",
    "~": "tilde  ~",
}
ENCODINGS = {
    "utf-8": "UTF-8",
    "cp1252": "Western, Windows-1252",
    "iso-8859-15": "Western, ISO 8859-15",
    "cp850": "Western, DOS 850",
    "mac-roman": "Western, Mac Roman",
    "cp1250": "Central European, Windows-1250",
    "iso-8859-2": "Central European, ISO 8859-2",
    "cp1251": "Cyrillic, Windows-1251",
    "koi8-r": "Cyrillic, KOI8-R",
    "cp1253": "Greek, Windows-1253",
    "cp1254": "Turkish, Windows-1254",
    "cp1255": "Hebrew, Windows-1255",
    "cp1256": "Arabic, Windows-1256",
    "shift_jis": "Japanese, Shift JIS",
    "gb18030": "Chinese, GB 18030",
    "big5": "Chinese, Big5",
    "euc-kr": "Korean, EUC-KR",
    "utf-16-le": "UTF-16, little endian",
    "utf-16-be": "UTF-16, big endian",
}
FOUND = "found"
"""The choice that leaves it to the reader: a choice cannot be empty."""


def delimiter(page: str, found: str = "", value: str = "") -> Any:
    """Which sign is between the cells: what was found by itself, and what is chosen."""
    told = DELIMITERS.get({"\t": "tab"}.get(found, found), found)
    return forms.choice(page, "delimiter", "Delimiter", _options(DELIMITERS, told), value or FOUND)


def encoding(page: str, found: str = "", value: str = "") -> Any:
    """How bytes are read as text: what was found by itself, and what is chosen."""
    options = _options(ENCODINGS, ENCODINGS.get(found, found))
    return forms.choice(page, "encoding", "Encoding", options, value or FOUND, searchable=True)


def _options(known: dict[str, str], found: str) -> list[tuple[str, str]]:
    return [(FOUND, f"found: {found}" if found else "found by itself"), *known.items()]


def chosen(fields: Mapping[str, Any], *names: str) -> dict[str, str | None]:
    """How a source is to be read, as the fields of the page say; None is left to the reader."""
    return {name: None if (value := fields.get(name)) in (None, "", FOUND) else str(value) for name in names}
