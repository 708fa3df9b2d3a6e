"""From decided cells to proposals: the shortest keys that say which cells change, by tier of confidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from tablemend.repair.workbench import Workbench

Array = np.ndarray

TIERS = (("high", 0.95), ("medium", 0.8), ("low", 0.0))
"""Names of the tiers of confidence and where each begins."""


MOST_KEYS = 1
"""Determinants tried as keys; each is one more proposal to decide on."""


class Edits(NamedTuple):
    """Decided cells of one column."""

    column: str
    rows: Array  # positions
    new: list[str]
    confidence: Array
    alike: Array  # whether the new value is another spelling of the old one


class Tier(NamedTuple):
    """Cells of one column that change with about the same confidence."""

    name: str
    keys: tuple[str, ...]
    pairs: list[list[str | None]]
    cells: int
    confidence: float
    blank: bool  # whether the cells were empty


def tiers(workbench: Workbench, edits: Edits, determinants: Sequence[str]) -> Iterator[Tier]:
    """Split the cells of a column by tier, by blank or filled, and by the keys that tell them apart."""
    blank = workbench.encoded(edits.column).codes[edits.rows] < 0
    remaining = np.arange(len(edits.rows))
    for keys in _choices(edits.column, determinants):
        told = _told(workbench, edits, remaining, keys)
        if len(keys) == 1 and determinants:
            told &= edits.alike[remaining]
        yield from _split(workbench, edits, remaining[told], keys, blank)
        remaining = remaining[~told]


def _choices(column: str, determinants: Sequence[str]) -> list[tuple[str, ...]]:
    """Ways to say which cells change, from the most general to the single row."""
    return [(column,), *((each, column) for each in determinants[:MOST_KEYS]), ("_row", column)]


def _told(workbench: Workbench, edits: Edits, chosen: Array, keys: tuple[str, ...]) -> Array:
    """Which of the chosen edits are all that happens to the rows with the same key values, and alike."""
    if keys == ("_row", edits.column):
        return np.ones(len(chosen), dtype=bool)
    rows = edits.rows[chosen]
    group, filled = _grouped(workbench, keys, rows)
    news: dict[int, set[str]] = {}
    for row, place in zip(rows.tolist(), chosen.tolist(), strict=True):
        news.setdefault(int(group[row]), set()).add(edits.new[place])
    size = np.bincount(group[group >= 0])
    hit = np.bincount(group[rows], minlength=len(size))
    alike = np.asarray([len(news[each]) == 1 for each in group[rows].tolist()], dtype=bool)
    return alike & (hit[group[rows]] == size[group[rows]]) & filled


def _grouped(workbench: Workbench, keys: tuple[str, ...], rows: Array) -> tuple[Array, Array]:
    """Rows numbered by their key values (-1: shared with none of `rows`), and whether the keys of `rows` are filled.

    The changed column, which comes last, may be blank where another key is filled.
    """
    touched = np.ones(workbench.rows, dtype=bool)
    for key in keys:
        raw = workbench.encoded(key).raw
        seen = np.zeros(int(raw.max(initial=-1)) + 2, dtype=bool)
        seen[raw[rows]] = True
        touched &= seen[raw]
    place = np.flatnonzero(touched)
    parts = np.stack([workbench.encoded(key).raw[place] for key in keys])
    number = np.full(workbench.rows, -1, dtype=np.int64)
    number[place] = np.unique(parts, axis=1, return_inverse=True)[1].ravel()
    needed = keys[:-1] or keys
    return number, np.all([workbench.encoded(key).codes[rows] >= 0 for key in needed], axis=0)


def _split(workbench: Workbench, edits: Edits, chosen: Array, keys: tuple[str, ...], blank: Array) -> Iterator[Tier]:
    edges = [low for _, low in TIERS]
    level = np.searchsorted(-np.asarray(edges), -edits.confidence[chosen], side="left")
    for place, (name, _) in enumerate(TIERS):
        for empty in (False, True):
            cells = chosen[(level == place) & (blank[chosen] == empty)]
            if len(cells):
                yield Tier(
                    name=name,
                    keys=keys,
                    pairs=_pairs(workbench, edits, cells, keys),
                    cells=len(cells),
                    confidence=round(float(edits.confidence[cells].mean()), 4),
                    blank=empty,
                )


def _pairs(workbench: Workbench, edits: Edits, cells: Array, keys: tuple[str, ...]) -> list[list[str | None]]:
    rows = edits.rows[cells].tolist()
    parts = [_texts(workbench, key, rows) for key in keys]
    new = [edits.new[each] for each in cells.tolist()]
    unique = dict.fromkeys(zip(*parts, new, strict=True))
    return [list(each) for each in unique]


def _texts(workbench: Workbench, key: str, rows: list[int]) -> list[str | None]:
    if key == "_row":
        return [str(each) for each in workbench.row_numbers[rows].tolist()]
    encoded = workbench.encoded(key)
    return [encoded.values[code] if code >= 0 else None for code in encoded.raw[rows].tolist()]
