"""The formats of a brief."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tablemend.errors import OutputError
from tablemend.intel.brief import Brief
from tablemend.intel.brief_page import page
from tablemend.intel.brief_text import json, markdown, table
from tablemend.intel.characters import shown
from tablemend.tables.files import write_whole

_WRITERS: Mapping[str, Callable[[Brief], str]] = {"md": markdown, "html": page, "json": json, "csv": table}


def render(made: Brief, kind: str) -> str:
    """A brief as `md`, `html`, `json` or `csv`; hidden characters, which a reason may hold, are written out."""
    return shown(_WRITERS[kind](made))


def write(made: Brief, kind: str, path: Path) -> Path:
    """Write a brief to a file, whole or not at all; OutputError for a folder."""
    if path.is_dir():
        raise OutputError(f"{path} is a folder", hint="Name a file.")
    text = render(made, kind)
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8", newline=""))
    return path
