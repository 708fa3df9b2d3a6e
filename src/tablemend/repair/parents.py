"""Tables that foreign-key rules refer to, made readable beside the scanned one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from tablemend.engine.duckdb import Session
from tablemend.errors import SourceNotFound
from tablemend.quality.rules import Rule
from tablemend.records import Source
from tablemend.tables.read import Loaded

Read = Callable[[str, str | None], Loaded]
"""Reads a location, or a table of it."""


def register(session: Session, rules: Sequence[Rule], source: Source, read: Read) -> None:
    """Register each parent under the name that its rule gives: a file, or a table of the scanned database.

    A parent that is neither stays unknown, so that its rule becomes a finding that could not be evaluated.
    """
    for name in {rule.foreign_key.table for rule in rules if rule.foreign_key is not None}:
        loaded = _load(name, source, read)
        if loaded is not None:
            session.register(name, loaded.table)


def _load(name: str, source: Source, read: Read) -> Loaded | None:
    if Path(name).is_file():
        return read(name, None)
    if source.kind not in ("sqlite", "duckdb"):
        return None
    try:
        return read(source.location, name)
    except SourceNotFound:
        return None
