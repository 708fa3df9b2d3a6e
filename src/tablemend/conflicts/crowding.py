"""Which rows can be part of a pair at all, and under which entities too many stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tablemend.conflicts.pairing import coded, days
from tablemend.conflicts.ruleset import Ruleset
from tablemend.conflicts.sweep import Numbers, firsts
from tablemend.engine.sql import name as quoted

if TYPE_CHECKING:
    import pyarrow as pa


class Crowds(NamedTuple):
    """The rows that are judged, grouped by entity and scope; arrays of one length but for the first."""

    places: Numbers  # of the rows, those of one group together
    sizes: Numbers  # rows of each group
    entity: Numbers  # of each group, its place among `names`; they rise
    alone: Any  # whether no row of the group, nor of a date that it meets at midnight, differs from another
    names: pa.Array  # the entities of all rows, each once


ONWARD, BACK = "onward", "back"
"""Columns of an outline: whether an interval of the row touches the midnight after its date, or before it."""


def touching(rules: Ruleset) -> dict[str, str]:
    """Name of a column of an outline → its SQL."""
    next_day = "CAST(scope + INTERVAL 1 DAY AS TIMESTAMP)"
    onward = (f"{quoted(f'{each}_end')} >= {next_day}" for each in rules.intervals)
    back = (f"{quoted(f'{each}_start')} <= CAST(scope AS TIMESTAMP)" for each in rules.intervals)
    return {name: f"coalesce({' OR '.join(tests)}, FALSE)" for name, tests in ((ONWARD, onward), (BACK, back))}


def crowds(rules: Ruleset, entities: pa.ChunkedArray, seen: pa.Table) -> Crowds:
    """Group the rows of an outline, which has a row for each of the entities."""
    import pyarrow.compute as pc

    entity, names = coded(entities)
    place = np.flatnonzero(pc.is_null(seen["left_out"]).to_numpy(zero_copy_only=False))
    entity, scope = entity[place], days(seen["scope"])[place]
    code = coded(seen["differ"])[0][place] if rules.differ else place
    if not len(place):
        return Crowds(place, place, place, np.zeros(0, np.bool_), names)
    scope = scope - scope.min()
    width = int(scope.max()) + 2  # so that no last date of an entity is beside the first of the next
    group = entity * width + scope
    order = np.argsort(group, kind="stable")
    begins = firsts(group[order])
    group, codes = group[order][begins], code[order]
    low, high = np.minimum.reduceat(codes, begins), np.maximum.reduceat(codes, begins)
    if rules.options.across_midnight:
        onward, back = (np.logical_or.reduceat(seen[name].to_numpy()[place][order], begins) for name in (ONWARD, BACK))
        near = np.flatnonzero((np.diff(group) == 1) & (onward[:-1] | back[1:]))
        low, high = _beside(near, low, np.minimum), _beside(near, high, np.maximum)
    return Crowds(place[order], np.diff(np.append(begins, len(order))), group // width, low == high, names)


def _beside(near: Numbers, values: Numbers, which: np.ufunc) -> Numbers:
    """The value of each group with those of the dates beside it that it meets; `near` are the earlier of two such."""
    found = values.copy()
    found[near] = which(found[near], values[near + 1])
    found[near + 1] = which(found[near + 1], values[near])
    return found


def together(found: Crowds) -> Numbers:
    """Places of the rows that another one may contradict, in their order."""
    return np.sort(found.places[np.repeat(~found.alone, found.sizes)])
