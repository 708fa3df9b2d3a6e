"""Tables that foreign-key rules refer to, read beside the scanned one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tablemend.errors import SourceNotFound
from tablemend.quality.rules import Rule
from tablemend.records import Source
from tablemend.repair.declared import FILES
from tablemend.tables.read import Loaded
from tablemend.tables.source import SERVERS

if TYPE_CHECKING:
    import pyarrow as pa

Read = Callable[[str, str | None], Loaded]
"""Reads a location, or a table of it."""


def tables(rules: Sequence[Rule], source: Source, place: str, read: Read) -> dict[str, pa.Table]:
    """Each parent by the name that its rule gives: a file, or a table of the scanned database at `place`.

    A parent that is neither stays unknown, so that its rule becomes a finding that could not be evaluated.
    """
    wanted: dict[str, set[str]] = {}
    for rule in rules:
        if rule.foreign_key is not None:
            parent = rule.foreign_key
            named = parent.columns or ((parent.column,) if parent.column else rule.on)
            wanted.setdefault(parent.table, set()).update(named)
    found = {name: _load(name, source, place, read) for name in sorted(wanted)}
    return {name: _only(each.table, wanted[name]) for name, each in found.items() if each is not None}


def _only(table: pa.Table, columns: set[str]) -> pa.Table:
    """The columns that are asked for, those that are not there left out: their rule finds that they are missing."""
    lowered = {each.lower() for each in columns}
    return table.select([name for name in table.column_names if name.lower() in lowered])


def _load(name: str, source: Source, place: str, read: Read) -> Loaded | None:
    if Path(name).is_file():
        return read(name, None)
    if not place or source.kind not in (*FILES, *SERVERS):
        return None
    try:
        return read(place, name)
    except SourceNotFound:
        return None
