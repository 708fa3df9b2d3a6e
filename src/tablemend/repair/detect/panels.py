"""Blanks in a column that goes through the same set of values for every entity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

Array = np.ndarray

LEAST_COMPLETE = 0.7
"""Share of the entities of full size that must hold every value once."""

LEAST_ALIKE = 0.5
"""Share of the entities that must have the usual number of rows."""

MOST_MEMBERS = 64
LEAST_ENTITIES = 5


class Fill(NamedTuple):
    """Blanks that take the one value their entity lacks."""

    rows: Array
    new: Array
    confidence: float


def find(target: str, codes: Mapping[str, Array], size: int) -> Fill | None:
    """The entity column whose groups go through all values of `target` once, and the blanks that this fills."""
    blank = np.flatnonzero(codes[target] < 0)
    if not len(blank):
        return None
    members = np.flatnonzero(np.bincount(codes[target][codes[target] >= 0], minlength=size) > 0)
    if not 2 < len(members) <= MOST_MEMBERS:
        return None
    found = [_by(entity, target, codes, size, members) for entity in codes if entity != target]
    return max(
        (each for each in found if each is not None), key=lambda each: each.confidence * len(each.rows), default=None
    )


def _by(entity: str, target: str, codes: Mapping[str, Array], size: int, seen: Array) -> Fill | None:
    e, t = codes[entity].astype(np.int64), codes[target].astype(np.int64)
    rows = np.bincount(e[e >= 0])
    groups = rows[rows > 0]
    if not len(groups) or np.median(groups) > len(seen) or (groups == np.median(groups)).mean() < LEAST_ALIKE:
        return None
    usual = _members(e, t, size, seen, rows)
    full = np.flatnonzero(rows == len(usual))
    if len(usual) < 3 or len(full) < LEAST_ENTITIES:
        return None
    place = np.full(size + 1, -1)
    place[usual] = np.arange(len(usual))
    held = np.zeros((len(rows), len(usual)), dtype=np.int64)
    inside = (e >= 0) & (place[t] >= 0) & (t >= 0)
    np.add.at(held, (e[inside], place[t[inside]]), 1)
    blanks = np.bincount(e[(e >= 0) & (t < 0)], minlength=len(rows))
    lacking = (held == 0).sum(axis=1)
    whole = full[blanks[full] == 0]
    complete = float((lacking[whole] == 0).mean()) if len(whole) else 0.0
    if complete < LEAST_COMPLETE:
        return None
    sure = (rows == len(usual)) & (blanks == 1) & (lacking == 1)
    chosen = np.flatnonzero((t < 0) & (e >= 0) & sure[e])
    new = usual[(held[e[chosen]] == 0).argmax(axis=1)]
    return Fill(chosen, new, round((1 + complete) / 2, 4))


def _members(e: Array, t: Array, size: int, seen: Array, rows: Array) -> Array:
    """The values that most entities hold."""
    both = (e >= 0) & (t >= 0)
    pairs = np.unique(e[both] * size + t[both])
    entities = np.bincount(pairs % size, minlength=size)
    return seen[entities[seen] >= np.count_nonzero(rows) / 2]
