"""Which rows can be part of a pair at all, and under which entities too many stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tablemend.conflicts.pairing import coded, days
from tablemend.conflicts.ruleset import Ruleset
from tablemend.conflicts.sweep import Numbers, firsts

if TYPE_CHECKING:
    import pyarrow as pa


class Crowds(NamedTuple):
    """The rows that are judged, grouped by entity and scope; arrays of one length but for the first."""

    places: Numbers  # of the rows, those of one group together
    sizes: Numbers  # rows of each group
    entity: Numbers  # of each group, its place among `names`; they rise
    alone: Any  # whether no row of the group, nor of a date beside it, differs from another
    names: pa.Array  # the entities of all rows, each once


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
        low, high = _beside(group, low, np.minimum), _beside(group, high, np.maximum)
    return Crowds(place[order], np.diff(np.append(begins, len(order))), group // width, low == high, names)


def _beside(group: Numbers, values: Numbers, which: np.ufunc) -> Numbers:
    """The value of each group with those of the dates beside it."""
    found = values.copy()
    near = np.flatnonzero(np.diff(group) == 1)
    found[near] = which(found[near], values[near + 1])
    found[near + 1] = which(found[near + 1], values[near])
    return found


def together(found: Crowds) -> Numbers:
    """Places of the rows that another one may contradict, in their order."""
    return np.sort(found.places[np.repeat(~found.alone, found.sizes)])
