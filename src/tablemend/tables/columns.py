"""Names of columns, made unique without regard to case."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tablemend.records import Column

ROW = "_row"
"""The permanent number of a row, counted from 1; always the first column of a snapshot."""


BINARY = "binary"
"""Type of columns of bytes: they are read as text only to be shown and told apart, so no text may be written back."""


def named(headers: Sequence[str], types: Sequence[str] | None = None) -> tuple[Column, ...]:
    """Columns for the headers of a source: `column_3` for a blank header, `name_2` for a repeated one."""
    names = unique_names(headers)
    kinds = types or ["text"] * len(headers)
    return tuple(
        Column(name=name, header=header, type=kind) for name, header, kind in zip(names, headers, kinds, strict=True)
    )


def unique_names(headers: Iterable[str]) -> list[str]:
    """One name for each header; an earlier header keeps its own spelling."""
    wanted = [header.strip() or f"column_{position}" for position, header in enumerate(headers, 1)]
    spoken = {name.casefold() for name in wanted} | {ROW}
    taken = {ROW}
    names = []
    for name in wanted:
        names.append(name if name.casefold() not in taken else _numbered(name, spoken))
        taken.add(names[-1].casefold())
        spoken.add(names[-1].casefold())
    return names


def _numbered(name: str, spoken: set[str]) -> str:
    number = 2
    while f"{name}_{number}".casefold() in spoken:
        number += 1
    return f"{name}_{number}"
